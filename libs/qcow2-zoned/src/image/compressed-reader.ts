/** Reads compressed clusters, and keeps the last few so that small reads do not inflate a cluster each time. */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import type { CompressedPlace } from '../format/entries.ts';
import { INFLATED_CACHE_BYTES } from '../limits.ts';
import type { Codec } from './compression.ts';

export class CompressedReader {
  /** By host offset, in the order of their last use. */
  readonly #inflated = new Map<number, Uint8Array>();
  readonly #capacity: number;

  constructor(
    private readonly file: BlockFile,
    private readonly codec: Codec,
    private readonly clusterSize: number,
  ) {
    this.#capacity = Math.max(1, Math.floor(INFLATED_CACHE_BYTES / clusterSize));
  }

  /** The cluster's bytes; not to be changed. Throws `image_corrupt`. */
  read(place: CompressedPlace): Uint8Array {
    const cached = this.#inflated.get(place.offset);
    const bytes = cached ?? this.#inflate(place);
    if (cached !== undefined) this.#inflated.delete(place.offset);
    this.#inflated.set(place.offset, bytes);
    if (this.#inflated.size > this.#capacity)
      for (const [oldest] of this.#inflated) {
        this.#inflated.delete(oldest);
        break;
      }
    return bytes;
  }

  /** To be called when space is freed: other bytes may take the place of those inflated here. */
  forget(): void {
    if (this.#inflated.size > 0) this.#inflated.clear();
  }

  #inflate({ offset, length }: CompressedPlace): Uint8Array {
    const available = Math.max(0, Math.min(length, this.file.length - offset));
    const input = Buffer.allocUnsafe(available);
    this.file.read(input, offset);
    let bytes: Uint8Array | undefined;
    let cause: unknown;
    try {
      bytes = this.codec.decompress(input, this.clusterSize);
    } catch (error) {
      if (error instanceof ImageError) throw error;
      cause = error;
    }
    if (bytes?.length === this.clusterSize) return bytes;
    throw new ImageError(
      'image_corrupt',
      `${this.file.path}: the compressed cluster at ${offset} (${length} bytes) cannot be read`,
      { path: this.file.path, field: 'compressed cluster', offset, length },
      { cause },
    );
  }
}
