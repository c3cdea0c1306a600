/** Numbers on the command line and in output, as qemu's tools read and print them. */
import { parseSize } from '@zonelab/contracts';
import { usageError } from './errors.ts';

/** What `sizeArgument` takes, in words. */
export const SIZE_WORDS = 'bytes (decimal or 0x…), or a number with a suffix of B K M G T P E';

/** Bytes of `4096`, `0x1000`, `64k`, `1.5G`; undefined when the text is no size. */
export function readSize(text: string): number | undefined {
  if (!/^0x[0-9a-f]+$/i.test(text)) return parseSize(text);
  const bytes = Number(text);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Sizes are signed 64-bit numbers to qemu-img. */
const MAX_QEMU_BYTES = 2 ** 63;
const SUFFIX = /[bkmgtpe]$/i;

/**
 * The same with qemu-img's bounds: `range` from 2^63 on. From 2^53 on, numbers are as near as numbers are, which is
 * enough to tell that no image can be so large.
 */
export function readQemuSize(text: string): number | 'malformed' | 'range' {
  const bytes = readSize(text);
  if (bytes !== undefined) return bytes;
  if (!/^(\d+[bkmgtpe]?|\d+\.\d+[pe]|0x[0-9a-f]+)$/i.test(text)) return 'malformed';
  const power = text.startsWith('0x')
    ? 0
    : 'bkmgtpe'.indexOf(SUFFIX.exec(text)?.[0].toLowerCase() ?? 'b');
  const huge = Number(power > 0 ? text.slice(0, -1) : text.replace(/b$/i, '')) * 1024 ** power;
  return huge < MAX_QEMU_BYTES ? huge : 'range';
}

/** Reads a size or throws a usage error that names the option. */
export function sizeArgument(option: string, text: string): number {
  const bytes = readSize(text);
  if (bytes === undefined) throw usageError(option, text, SIZE_WORDS);
  return bytes;
}

/** A whole number from 0 (or `min`) to `max`, or a usage error that names the option. */
export function countArgument(
  option: string,
  text: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER } = {},
): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw usageError(option, text, `a whole number from ${min} to ${max}`);
}

const UNITS = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** `64 MiB`, three significant digits, the unit changing at 1000, halves to the even digit as in qemu-img's listings. */
export function humanSize(bytes: number): string {
  let power = 0;
  while (bytes / 1024 ** power >= 1000 && power < UNITS.length - 1) power++;
  const value = bytes / 1024 ** power;
  const scale = value < 10 ? 100 : value < 100 ? 10 : 1;
  const whole = Math.floor(value * scale);
  const tie = value * scale - whole === 0.5;
  const digits = tie ? (whole + (whole % 2)) / scale : Number(value.toPrecision(3));
  return `${digits} ${UNITS[power]}B`;
}

/** `64 KiB`, `1.500 MiB`, `32 bytes`: up to three decimals, as in qemu-io's statistics. */
export function statisticSize(bytes: number): string {
  let power = 0;
  while (bytes / 1024 ** power >= 1024 && power < UNITS.length - 1) power++;
  const digits = (bytes / 1024 ** power).toFixed(3).replace(/\.000$/, '');
  return power === 0 ? `${digits} bytes` : `${digits} ${UNITS[power]}B`;
}
