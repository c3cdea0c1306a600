/** Numbers for people: bytes in binary units, times and rates in decimal ones. */

export function formatBytes(bytes: number): string {
  return scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']);
}

export function formatNs(ns: number): string {
  return scaled(ns, 1000, ['ns', 'us', 'ms', 's']);
}

export function formatCount(count: number): string {
  return count < 10_000
    ? fixed(count)
    : scaled(count, 1000, ['', 'k', 'M', 'G', 'T']).replace(' ', '');
}

/** At most two decimals, none where they are zero. */
export function fixed(value: number): string {
  return `${Math.round(value * 100) / 100}`;
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let rest = value;
  let unit = 0;
  while (rest >= step && unit < units.length - 1) {
    rest /= step;
    unit++;
  }
  return `${fixed(rest)} ${units[unit]}`;
}
