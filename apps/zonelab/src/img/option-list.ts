/** qemu's `-o` lists: `key=value,key=value`, where `,,` stands for a comma inside a value. */

/** Pairs in the order given; a key without `=` means `on`, as qemu reads it. */
export function parseOptionList(text: string): [key: string, value: string][] {
  const parts = text
    .replaceAll(',,', '\0')
    .split(',')
    .map((part) => part.replaceAll('\0', ','));
  return parts.filter(Boolean).map((part) => {
    const equals = part.indexOf('=');
    return equals < 0 ? [part, 'on'] : [part.slice(0, equals), part.slice(equals + 1)];
  });
}
