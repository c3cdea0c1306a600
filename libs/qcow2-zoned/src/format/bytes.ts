/** Big-endian 64-bit fields as safe integers: read as two halves, checked, narrowed once. */
import { ImageError } from '../errors.ts';

const TWO_32 = 2 ** 32;

/** The unsigned 64-bit field at `offset`. Throws `invalid_image` naming `field` past 2^53 - 1. */
export function readU64(bytes: Buffer, offset: number, field: string): number {
  const value = bytes.readUInt32BE(offset) * TWO_32 + bytes.readUInt32BE(offset + 4);
  if (value <= Number.MAX_SAFE_INTEGER) return value;
  const given = `0x${bytes.readBigUInt64BE(offset).toString(16)}`;
  throw new ImageError('invalid_image', `${field}: ${given} is past 2^53 - 1`, { field, given });
}

export function writeU64(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32BE(Math.floor(value / TWO_32), offset);
  bytes.writeUInt32BE(value % TWO_32, offset + 4);
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

export function roundDown(value: number, multiple: number): number {
  return Math.floor(value / multiple) * multiple;
}
