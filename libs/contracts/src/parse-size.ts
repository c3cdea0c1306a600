/** Sizes as qemu's tools read them, apart from their schema: the command line starts without zod. */

const SUFFIX_POWER: Readonly<Record<string, number>> = { b: 0, k: 1, m: 2, g: 3, t: 4, p: 5, e: 6 };

/**
 * Bytes of a size as qemu's tools read it: digits, an optional fraction, an optional suffix that counts in 1024s.
 * Undefined when the text is no size, is no whole number of bytes, or passes 2^53 - 1.
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([bkmgtpe])?$/i.exec(text.trim());
  if (!match) return undefined;
  const bytes = Number(match[1]) * 1024 ** (SUFFIX_POWER[match[2]?.toLowerCase() ?? 'b'] ?? 0);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
