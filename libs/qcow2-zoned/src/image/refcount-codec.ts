/** Refcount entries of 1 to 64 bits; widths below a byte fill it from its least significant bit. */

export interface RefcountCodec {
  readonly bits: number;
  /** Largest count that the width holds (and a JavaScript number, for 64 bits). */
  readonly max: number;
  get(block: Buffer, index: number): number;
  set(block: Buffer, index: number, value: number): void;
}

/** Source: qcow2 specification, "Host cluster management". `order`: width = 2^order bits, 0 to 6. */
export function refcountCodec(order: number): RefcountCodec {
  const bits = 2 ** order;
  if (bits === 64)
    return {
      bits,
      max: Number.MAX_SAFE_INTEGER,
      get: (block, index) => Number(block.readBigUInt64BE(index * 8)),
      set: (block, index, value) => void block.writeBigUInt64BE(BigInt(value), index * 8),
    };
  const max = 2 ** bits - 1;
  if (bits === 16)
    return {
      bits,
      max,
      get: (block, index) => block.readUInt16BE(index * 2),
      set: (block, index, value) => void block.writeUInt16BE(value, index * 2),
    };
  if (bits >= 8) {
    const bytes = bits / 8;
    return {
      bits,
      max,
      get: (block, index) => block.readUIntBE(index * bytes, bytes),
      set: (block, index, value) => void block.writeUIntBE(value, index * bytes, bytes),
    };
  }
  const perByte = 8 / bits;
  return {
    bits,
    max,
    get: (block, index) =>
      (block.readUInt8(Math.floor(index / perByte)) >> ((index % perByte) * bits)) & max,
    set: (block, index, value) => {
      const at = Math.floor(index / perByte);
      const shift = (index % perByte) * bits;
      block.writeUInt8((block.readUInt8(at) & ~(max << shift)) | (value << shift), at);
    },
  };
}
