/**
 * What the server asks of the thing it serves. The server has checked alignment, range, flags and
 * permission before it calls; an export throws `NbdError` for what only it can know. Methods may answer
 * at once or by promise; answering at once is what makes small requests fast.
 */

export type MaybePromise<T> = T | Promise<T>;

/** A run of bytes with one status; the meaning of `status` belongs to the metadata context. */
export interface NbdExtent {
  /** Bytes; never 0. */
  readonly length: number;
  /** Unsigned: 32 bits, or up to 2^53 - 1 in a wide context. */
  readonly status: number;
}

export interface NbdExport {
  /** Bytes. */
  readonly size: number;
  /** For people; shown by LIST and INFO. At most 4096 bytes. */
  readonly description?: string;
  readonly readOnly: boolean;
  /** Seeks cost time; tells clients to keep requests in order. */
  readonly rotational: boolean;
  /** A flush answered on one connection covers what was answered before on any. */
  readonly multiConn: boolean;
  /** Zeroing is never slower than writing, so FAST_ZERO requests are welcome. */
  readonly fastZero: boolean;
  /** Bytes: a power of two up to 64 KiB. Requests that are no multiple of it are refused. */
  readonly minimumBlockSize: number;
  /** Bytes: a power of two, at least 512 and `minimumBlockSize`. */
  readonly preferredBlockSize: number;
  /** Metadata contexts, such as `base:allocation`. */
  readonly metaContexts: readonly string[];
  /** Those of them whose status needs 64 bits: clients without extended headers are not given them. */
  readonly wideContexts?: readonly string[];

  /** Fills `target`. */
  read(offset: number, target: Buffer): MaybePromise<void>;
  /** `data` belongs to the server again once the write has settled. */
  write(offset: number, data: Buffer): MaybePromise<void>;
  writeZeroes(offset: number, length: number): MaybePromise<void>;
  trim(offset: number, length: number): MaybePromise<void>;
  /** Makes everything answered so far durable. */
  flush(): MaybePromise<void>;
  /** Makes reads of the range fast that will come soon. Without it CACHE is not offered. */
  cache?(offset: number, length: number): MaybePromise<void>;
  /** Extents from `offset` on, in order; at least one, and none beyond `offset + length`. */
  blockStatus(context: string, offset: number, length: number): MaybePromise<readonly NbdExtent[]>;
}
