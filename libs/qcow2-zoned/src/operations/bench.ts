/** Sends requests of one size to a disk, one after the other, and takes the time. */
import { ImageError } from '../errors.ts';
import type { OpenedDisk } from '../open.ts';
import { PACE_REQUESTS } from './limits.ts';

/** Sizes and offsets are bytes. */
export interface BenchOptions {
  readonly requests: number;
  readonly requestBytes: number;
  readonly stepBytes: number;
  readonly offset: number;
  /** Undefined: requests read. */
  readonly write?: { readonly pattern: number; readonly flushInterval: number };
  /** Monotonic, milliseconds. */
  readonly now: () => number;
}

/**
 * Returns how long it took, milliseconds. Requests start at `offset`, a step apart, and go on at the start of the
 * disk when they have reached its end. Throws `lba_out_of_range` for a request that ends past it.
 */
export async function benchDisk(disk: OpenedDisk, options: BenchOptions): Promise<number> {
  const { requests, requestBytes, stepBytes, write, now } = options;
  const buffer = Buffer.alloc(requestBytes, write?.pattern ?? 0);
  const startMs = now();
  let { offset } = options;
  for (let sent = 0; sent < requests; sent++) {
    if (offset + requestBytes > disk.size)
      throw new ImageError(
        'lba_out_of_range',
        `${requestBytes} bytes at ${offset} reach past the end of the disk (${disk.size} bytes)`,
        { offset, length: requestBytes },
      );
    if (write === undefined) disk.read(offset, buffer);
    else disk.write(offset, buffer);
    offset = (offset + stepBytes) % disk.size;
    const flushDue =
      write !== undefined && write.flushInterval > 0 && (sent + 1) % write.flushInterval === 0;
    if (flushDue || disk.image?.crowded) await disk.flush();
    if (sent % PACE_REQUESTS === PACE_REQUESTS - 1) await new Promise(setImmediate);
  }
  return now() - startMs;
}
