/** Sizes as people and qemu write them: bytes, or a number with a binary suffix. */

import { z } from 'zod';

const SUFFIX_POWER: Readonly<Record<string, number>> = { b: 0, k: 1, m: 2, g: 3, t: 4, p: 5, e: 6 };

export const SIZE_FORMS =
  'whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based)';

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

/** A size field: takes a number or a qemu size string, gives bytes. */
export function sizeField(bounds: { min?: number; max?: number; powerOfTwo?: boolean } = {}) {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, powerOfTwo = false } = bounds;
  const fits = (bytes: number) =>
    bytes >= min && bytes <= max && (!powerOfTwo || 2 ** Math.round(Math.log2(bytes)) === bytes);
  const range = `${powerOfTwo ? 'a power of two ' : ''}from ${min} to ${max} bytes`;
  return z
    .union([z.number(), z.string()])
    .transform((given, context) => {
      const bytes = typeof given === 'string' ? parseSize(given) : given;
      if (bytes !== undefined && Number.isSafeInteger(bytes) && fits(bytes)) {
        return bytes;
      }
      context.addIssue({ code: 'custom', message: `${SIZE_FORMS}, ${range}` });
      return z.NEVER;
    })
    .meta({ description: SIZE_FORMS, examples: ['1G'] });
}
