/** Sizes as people and qemu write them: bytes, or a number with a binary suffix. */

import { z } from 'zod';
import { parseSize } from './parse-size.ts';
import { quantities } from './quantities.ts';

export const SIZE_FORMS =
  'whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based)';

/** A size field: takes a number or a qemu size string, gives bytes. */
export function sizeField(bounds: { min?: number; max?: number; powerOfTwo?: boolean } = {}) {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, powerOfTwo = false } = bounds;
  const fits = (bytes: number) =>
    bytes >= min && bytes <= max && (!powerOfTwo || 2 ** Math.round(Math.log2(bytes)) === bytes);
  const range = `${powerOfTwo ? 'a power of two ' : ''}from ${min} to ${max} bytes`;
  const schema = z
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
  quantities.add(schema, { unit: 'bytes', minimum: min, maximum: max, powerOfTwo });
  return schema;
}
