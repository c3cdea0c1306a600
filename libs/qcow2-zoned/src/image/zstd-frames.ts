/**
 * Finds the frames of a zstd stream (RFC 8878, section 3.1) without decoding them: a compressed cluster is padded
 * with whatever stands behind it, and one call of the library must get exactly one frame.
 */

export interface ZstdFrame {
  readonly bytes: Uint8Array;
  /** Bytes that it says it holds; undefined where it does not say. */
  readonly contentSize: number | undefined;
}

const MAGIC = 0xfd2f_b528;
/** The low 4 bits are anything. */
const SKIPPABLE_MAGIC = 0x184d_2a50;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;

/** Frames in order, up to the first bytes that are none. Throws where a frame is cut off or malformed. */
export function* zstdFrames(input: Uint8Array): Iterable<ZstdFrame> {
  const view = Buffer.from(input.buffer, input.byteOffset, input.length);
  for (let at = 0; at + 8 <= view.length; ) {
    const magic = view.readUInt32LE(at);
    if ((magic & 0xffff_fff0) >>> 0 === SKIPPABLE_MAGIC) {
      at += 8 + view.readUInt32LE(at + 4);
      continue;
    }
    if (magic !== MAGIC) return;
    const { length, contentSize } = measure(view.subarray(at));
    yield { bytes: view.subarray(at, at + length), contentSize };
    at += length;
  }
}

function measure(frame: Buffer): { length: number; contentSize: number | undefined } {
  const descriptor = frame.readUInt8(4);
  const singleSegment = (descriptor & 0x20) !== 0;
  const hasChecksum = (descriptor & 0x04) !== 0;
  let at = 5 + (singleSegment ? 0 : 1) + (DICTIONARY_ID_BYTES[descriptor & 3] as number);
  const { contentSize, bytes } = readContentSize(frame, at, descriptor >> 6, singleSegment);
  at += bytes;
  for (let last = false; !last; ) {
    const header = frame.readUIntLE(at, BLOCK_HEADER_BYTES);
    const type = (header >> 1) & 3;
    if (type === BLOCK_RESERVED) throw new Error('a zstd block of the reserved type');
    at += BLOCK_HEADER_BYTES + (type === BLOCK_RLE ? 1 : header >> 3);
    last = (header & 1) === 1;
  }
  at += hasChecksum ? CHECKSUM_BYTES : 0;
  if (at > frame.length) throw new Error('a zstd frame is cut off');
  return { length: at, contentSize };
}

/** The field's width depends on two flags; a width of 2 bytes starts counting at 256. */
function readContentSize(
  frame: Buffer,
  at: number,
  flag: number,
  singleSegment: boolean,
): { contentSize: number | undefined; bytes: number } {
  switch (flag) {
    case 0:
      return singleSegment
        ? { contentSize: frame.readUInt8(at), bytes: 1 }
        : { contentSize: undefined, bytes: 0 };
    case 1:
      return { contentSize: frame.readUInt16LE(at) + 256, bytes: 2 };
    case 2:
      return { contentSize: frame.readUInt32LE(at), bytes: 4 };
    default:
      return { contentSize: Number(frame.readBigUInt64LE(at)), bytes: 8 };
  }
}
