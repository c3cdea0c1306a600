/** Reads a disk ahead of whoever takes its pieces, in threads of its own, so that reading and writing overlap. */
import type { Disk } from '../image/disk.ts';
import { OpenedDisk } from '../open.ts';
import { COPY_BUFFER_BYTES, READ_AHEAD_PIECES } from './limits.ts';
import type { PlacedExtent } from './walk.ts';

/** A part of an extent, at most a copy buffer long. */
export interface Piece {
  readonly extent: PlacedExtent;
  readonly start: number;
  readonly length: number;
}

export interface ReadPiece extends Piece {
  /** The bytes, until the next piece is asked for; undefined where they were not wanted. */
  readonly data: Buffer | undefined;
}

/** The pieces in order, with their bytes where `wanted` says so. Rejects with what reading the source throws. */
export async function* readAhead(
  source: Disk,
  pieces: Iterable<Piece>,
  wanted: (piece: Piece) => boolean,
): AsyncGenerator<ReadPiece, void> {
  const queue = new ReadQueue(source);
  try {
    for (const piece of pieces) {
      queue.begin(piece, wanted(piece));
      if (queue.length === READ_AHEAD_PIECES) yield await queue.finishFirst();
    }
    while (queue.length > 0) yield await queue.finishFirst();
  } finally {
    await queue.settle();
  }
}

interface Pending extends ReadPiece {
  /** Settles when `data` is filled; undefined where that is left for the piece's turn. */
  readonly filled: Promise<void> | undefined;
}

class ReadQueue {
  readonly #pending: Pending[] = [];
  readonly #free: ArrayBuffer[] = [];
  /** The buffer of the piece that was finished last. */
  #lent: ArrayBuffer | undefined;

  constructor(private readonly source: Disk) {}

  get length(): number {
    return this.#pending.length;
  }

  begin(piece: Piece, wanted: boolean): void {
    const data = wanted ? Buffer.from(this.#takeBuffer(), 0, piece.length) : undefined;
    const filled = data && this.#readBeside(piece, data);
    filled?.catch(() => {}); // told when the piece's turn comes
    this.#pending.push({ ...piece, data, filled });
  }

  async finishFirst(): Promise<ReadPiece> {
    if (this.#lent !== undefined) this.#free.push(this.#lent);
    this.#lent = undefined;
    const first = this.#pending.shift() as Pending;
    const { start, data, filled } = first;
    if (data === undefined) return first;
    if (filled === undefined) this.source.read(start, data);
    else await filled;
    this.#lent = data.buffer as ArrayBuffer;
    return first;
  }

  /** Files may be closed after that. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#pending.map(({ filled }) => filled));
  }

  #takeBuffer(): ArrayBuffer {
    return this.#free.pop() ?? new ArrayBuffer(COPY_BUFFER_BYTES);
  }

  /** Undefined where the bytes do not lie together in a file that can be read so. */
  #readBeside({ extent, start }: Piece, data: Buffer): Promise<void> | undefined {
    const { data: stored, zero, compressed, depth, hostOffset } = extent;
    if (!stored || zero || compressed || hostOffset === undefined) return undefined;
    const file = this.source instanceof OpenedDisk ? this.source.fileOf(depth) : undefined;
    return file?.readAsync?.(data, hostOffset + (start - extent.start));
  }
}
