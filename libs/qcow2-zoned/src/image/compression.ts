/**
 * Compression of single clusters: raw deflate, or zstd (qcow2 specification, header byte 104). What is read may be
 * hostile: a stream gets no more input than its descriptor says, and gives no more output than a cluster.
 */
import { createRequire } from 'node:module';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { ImageError } from '../errors.ts';
import type { Qcow2Header } from '../format/header.ts';
import { zstdFrames } from './zstd-frames.ts';

export interface Codec {
  /** The cluster, smaller, or undefined where it does not get smaller. */
  compress(cluster: Uint8Array): Uint8Array | undefined;
  /**
   * The `size` bytes that `input` begins with: it may go on, with more of the stream or with anything else. Throws
   * whatever the library throws, or returns less, where it holds no such bytes.
   */
  decompress(input: Uint8Array, size: number): Uint8Array;
}

/** What QEMU writes; 2^12 bytes of window are also the most that it reads. */
const DEFLATE = { windowBits: 12, memLevel: 9 } as const;
/** One byte of input ends at most 8 symbols of deflate, and a symbol stands for at most 258 bytes. */
const MAX_BYTES_PER_INPUT_BYTE = 8 * 258;
const ZSTD_LEVEL = 3;

interface ZstdLibrary {
  init(): Promise<void>;
  compress(data: Uint8Array, level: number): Uint8Array;
  decompress(data: Uint8Array, options: { defaultHeapSize: number }): Uint8Array;
}

const deflate: Codec = {
  compress(cluster) {
    const compressed = deflateRawSync(cluster, DEFLATE);
    return compressed.length < cluster.length ? compressed : undefined;
  },
  decompress(input, size) {
    try {
      return inflate(input, size);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
      return inflateStart(input, size);
    }
  },
};

function inflate(input: Uint8Array, atMost: number): Buffer {
  return inflateRawSync(input, {
    finishFlush: constants.Z_SYNC_FLUSH,
    maxOutputLength: atMost,
    chunkSize: Math.max(constants.Z_MIN_CHUNK, atMost),
  });
}

/** The stream goes on after the cluster: looks for the shortest input that fills it. */
function inflateStart(input: Uint8Array, size: number): Uint8Array {
  let tooShort = 0;
  let enough = input.length;
  while (enough - tooShort > 1) {
    const middle = Math.floor((tooShort + enough) / 2);
    if (fits(input.subarray(0, middle), size)) tooShort = middle;
    else enough = middle;
  }
  const output = inflate(input.subarray(0, enough), size + MAX_BYTES_PER_INPUT_BYTE);
  return output.subarray(0, size);
}

function fits(input: Uint8Array, size: number): boolean {
  try {
    inflate(input, size);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return false;
    throw error;
  }
}

let zstdLibrary: ZstdLibrary | undefined;
let zstdLoading: Promise<void> | undefined;

/** Makes an image's codec ready; to be awaited before the image is opened. Only zstd has to be loaded. */
export function loadCodec(header: Pick<Qcow2Header, 'compressionType'>): Promise<void> {
  if (header.compressionType !== 1) return Promise.resolve();
  zstdLoading ??= (async () => {
    const library = createRequire(import.meta.url)('@bokuweb/zstd-wasm') as ZstdLibrary;
    await library.init();
    zstdLibrary = library;
  })();
  return zstdLoading;
}

function zstdReady(): ZstdLibrary {
  if (zstdLibrary !== undefined) return zstdLibrary;
  throw new ImageError('unsupported_feature', 'zstd is not loaded; open the image with its codec', {
    field: 'compression_type',
    given: 'zstd',
  });
}

const zstd: Codec = {
  compress(cluster) {
    const compressed = zstdReady().compress(cluster, ZSTD_LEVEL);
    return compressed.length < cluster.length ? compressed : undefined;
  },
  decompress(input, size) {
    const output = Buffer.alloc(size);
    let filled = 0;
    for (const frame of zstdFrames(input)) {
      if ((frame.contentSize ?? 0) > size - filled)
        throw new Error('a zstd frame larger than the cluster');
      const bytes = zstdReady().decompress(frame.bytes, { defaultHeapSize: size - filled });
      output.set(bytes, filled);
      filled += bytes.length;
      if (filled === size) break; // what follows belongs to others, and may be cut off
    }
    return output.subarray(0, filled);
  },
};

/** The codec of an image. Throws `unsupported_feature`. */
export function codecOf({ compressionType }: Pick<Qcow2Header, 'compressionType'>): Codec {
  if (compressionType === 0) return deflate;
  if (compressionType === 1) return zstd;
  throw new ImageError('unsupported_feature', `compression type ${compressionType} is unknown`, {
    field: 'compression_type',
    given: compressionType,
    allowed: '0 (zlib) or 1 (zstd)',
  });
}
