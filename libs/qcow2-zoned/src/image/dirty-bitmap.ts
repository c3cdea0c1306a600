/**
 * The content of a dirty bitmap: a bit for every `granularity` bytes of the disk, in pieces of which each fills a
 * cluster of the file (qcow2 specification, "Bitmap data": bit n is bit n % 8 of byte n / 8). A piece of zeroes takes
 * no memory, and all pieces of ones share theirs.
 */

/** A piece as an image stores it: nothing for zeroes, `ones`, or the bits. */
export type BitmapPiece = Uint8Array | 'ones' | undefined;

/** Bytes of the disk. */
export interface DirtyRange {
  readonly offset: number;
  readonly length: number;
}

const ALL_ONES = 0xff;

export class DirtyBitmap {
  readonly #pieces = new Map<number, Uint8Array | 'ones'>();
  readonly #bits: number;

  /** Sizes are bytes; `granularity` is a power of two. */
  constructor(
    readonly diskSize: number,
    readonly granularity: number,
    readonly pieceBytes: number,
  ) {
    this.#bits = Math.ceil(diskSize / granularity);
  }

  get pieceCount(): number {
    return Math.ceil(this.#bits / (8 * this.pieceBytes));
  }

  /** A whole piece, bits past the end of the disk clear. */
  piece(index: number): BitmapPiece {
    const piece = this.#pieces.get(index);
    const end = this.#bits - index * 8 * this.pieceBytes;
    if (piece === undefined || end >= 8 * this.pieceBytes) return piece;
    const bytes = piece === 'ones' ? this.#ones() : Uint8Array.from(piece);
    clearFrom(bytes, end);
    return bytes.some((byte) => byte !== 0) ? bytes : undefined;
  }

  setPiece(index: number, piece: BitmapPiece): void {
    if (piece === undefined) this.#pieces.delete(index);
    else this.#pieces.set(index, piece);
  }

  clear(): void {
    this.#pieces.clear();
  }

  /** Sets the bit of every byte in the range. */
  set(offset: number, length: number): void {
    if (length <= 0) return;
    const perPiece = 8 * this.pieceBytes;
    const end = Math.min(this.#bits, Math.floor((offset + length - 1) / this.granularity) + 1);
    for (let bit = Math.floor(offset / this.granularity); bit < end; ) {
      const index = Math.floor(bit / perPiece);
      const until = Math.min(end, (index + 1) * perPiece);
      this.#setInPiece(index, bit - index * perPiece, until - index * perPiece);
      bit = until;
    }
  }

  #setInPiece(index: number, from: number, to: number): void {
    const present = this.#pieces.get(index);
    if (present === 'ones') return;
    if (from === 0 && to === 8 * this.pieceBytes) {
      this.#pieces.set(index, 'ones');
      return;
    }
    const bytes = present ?? new Uint8Array(this.pieceBytes);
    this.#pieces.set(index, bytes);
    for (let bit = from; bit < to; bit++) {
      if (bit % 8 === 0 && to - bit >= 8) {
        bytes[bit >> 3] = ALL_ONES;
        bit += 7;
      } else bytes[bit >> 3] = (bytes[bit >> 3] as number) | (1 << (bit & 7));
    }
  }

  /** Runs of bytes whose bits are set, in order; the last may end with the disk in mid-bit. */
  *ranges(): Iterable<DirtyRange> {
    let from = -1;
    let to = -1;
    for (const { first, last } of this.#runs()) {
      if (first !== to) {
        if (to > from) yield this.#range(from, to);
        from = first;
      }
      to = last;
    }
    if (to > from) yield this.#range(from, to);
  }

  #range(first: number, last: number): DirtyRange {
    const offset = first * this.granularity;
    return { offset, length: Math.min(last * this.granularity, this.diskSize) - offset };
  }

  /** Runs of set bits, [first, last), each within one piece. */
  *#runs(): Iterable<{ first: number; last: number }> {
    const perPiece = 8 * this.pieceBytes;
    const indexes = [...this.#pieces.keys()].sort((a, b) => a - b);
    for (const index of indexes) {
      const base = index * perPiece;
      const end = Math.min(perPiece, this.#bits - base);
      const piece = this.#pieces.get(index);
      if (piece === 'ones') yield { first: base, last: base + end };
      else
        for (const { from, to } of setRuns(piece as Uint8Array, end))
          yield { first: base + from, last: base + to };
    }
  }

  #ones(): Uint8Array {
    return new Uint8Array(this.pieceBytes).fill(ALL_ONES);
  }
}

/** Runs of set bits below `end`. */
function* setRuns(bytes: Uint8Array, end: number): Iterable<{ from: number; to: number }> {
  let from = -1;
  for (let bit = 0; bit < end; bit++) {
    const byte = bytes[bit >> 3] as number;
    const whole = bit % 8 === 0 && (byte === 0 || byte === ALL_ONES);
    const isSet = (byte & (1 << (bit & 7))) !== 0;
    if (isSet && from < 0) from = bit;
    else if (!isSet && from >= 0) {
      yield { from, to: bit };
      from = -1;
    }
    if (whole) bit += 7;
  }
  if (from >= 0) yield { from, to: end };
}

function clearFrom(bytes: Uint8Array, bit: number): void {
  const at = bit >> 3;
  if (at >= bytes.length) return;
  bytes[at] = (bytes[at] as number) & ((1 << (bit & 7)) - 1);
  bytes.fill(0, at + 1);
}
