/**
 * Replies of one connection, gathered into one buffer per batch so that many small replies leave in one
 * system call. Data of a READ is read straight into the batch, behind the place of its header.
 *
 * A batch buffer goes back to the pool once nobody holds it: the writer while it fills it, the socket
 * while it sends, and a read that answers later and therefore keeps its own batch.
 */

import type { BufferPool } from './buffer-pool.ts';
import type { NbdError } from './errors.ts';
import type { NbdExtent } from './export.ts';
import { boundedText } from './handshake-messages.ts';
import { REPLY_BATCH_BYTES } from './limits.ts';
import {
  CHUNK_HEADER_BYTES,
  Chunk,
  CONTEXT_ID_BYTES,
  DATA_OFFSET_BYTES,
  EXTENDED_CHUNK_HEADER_BYTES,
  EXTENDED_EXTENT_BYTES,
  EXTENDED_REPLY_MAGIC,
  EXTENDED_STATUS_HEAD_BYTES,
  EXTENT_BYTES,
  type HeaderStyle,
  ReplyFlag,
  SIMPLE_REPLY_BYTES,
  SIMPLE_REPLY_MAGIC,
  STRUCTURED_REPLY_MAGIC,
  WORD,
} from './protocol.ts';
import type { Request } from './session-decoder.ts';

/** Sends bytes; `sent` is called once they are no longer needed, sent or not. */
export type Send = (bytes: Buffer, sent: () => void) => void;

interface Batch {
  readonly buffer: Buffer;
  used: number;
  holders: number;
}

/** The place of a READ reply: header and data. */
export interface ReadSlot {
  readonly region: Buffer;
  /** Where the export puts the data. */
  readonly target: Buffer;
  readonly batch: Batch;
}

export class ReplyWriter {
  private batch: Batch | undefined;
  /** How replies look, once that has been agreed. */
  style: HeaderStyle = 'simple';
  private unsent = 0;

  constructor(
    private readonly pool: BufferPool,
    private readonly send: Send,
  ) {}

  /** Bytes given to the socket that have not left, and those that wait for `flush`. */
  get unsentBytes(): number {
    return this.unsent + (this.batch?.used ?? 0);
  }

  raw(bytes: Buffer): void {
    bytes.copy(this.reserve(bytes.length));
  }

  /** Success without data. Simple replies stay allowed next to structured ones, except for READ. */
  success(request: Request): void {
    if (this.style === 'extended') {
      this.done(request);
      return;
    }
    const head = this.reserve(SIMPLE_REPLY_BYTES);
    writeSimpleHeader(head, request, 0);
  }

  error(request: Request, error: NbdError): void {
    if (this.style === 'simple') {
      writeSimpleHeader(this.reserve(SIMPLE_REPLY_BYTES), request, error.errno);
      return;
    }
    const message = boundedText(error.message);
    const at = offsetInside(request, error);
    const length = 6 + message.length + (at === undefined ? 0 : 8);
    const type = at === undefined ? Chunk.Error : Chunk.ErrorOffset;
    const payload = this.chunk(request, type, length, ReplyFlag.Done);
    payload.writeUInt32BE(error.errno, 0);
    payload.writeUInt16BE(message.length, 4);
    message.copy(payload, 6);
    if (at !== undefined) writeUint64(payload, at, length - 8);
  }

  /** Success of a structured reply whose chunks, if any, have been sent. */
  done(request: Request): void {
    this.chunk(request, Chunk.None, 0, ReplyFlag.Done);
  }

  blockStatus(
    request: Request,
    contextId: number,
    extents: readonly NbdExtent[],
    last: boolean,
  ): void {
    const flags = last ? ReplyFlag.Done : 0;
    if (this.style === 'extended') {
      this.extendedStatus(request, contextId, extents, flags);
      return;
    }
    const length = CONTEXT_ID_BYTES + extents.length * EXTENT_BYTES;
    const payload = this.chunk(request, Chunk.BlockStatus, length, flags);
    let at = payload.writeUInt32BE(contextId, 0);
    for (const { length: extentLength, status } of extents) {
      at = payload.writeUInt32BE(extentLength, at);
      at = payload.writeUInt32BE(status, at);
    }
  }

  private extendedStatus(
    request: Request,
    contextId: number,
    extents: readonly NbdExtent[],
    flags: number,
  ): void {
    const length = EXTENDED_STATUS_HEAD_BYTES + extents.length * EXTENDED_EXTENT_BYTES;
    const payload = this.chunk(request, Chunk.BlockStatusExt, length, flags);
    payload.writeUInt32BE(contextId, 0);
    let at = payload.writeUInt32BE(extents.length, 4);
    for (const extent of extents) {
      at = writeUint64(payload, extent.length, at);
      at = writeUint64(payload, extent.status, at);
    }
  }

  /** Room for the reply to a READ; ends with `commitRead`, `dropRead` or `detachRead` before anything else. */
  beginRead(request: Request): ReadSlot {
    const head =
      this.style === 'simple' ? SIMPLE_REPLY_BYTES : this.chunkHeaderBytes + DATA_OFFSET_BYTES;
    const region = this.reserve(head + request.length);
    return { region, target: region.subarray(head), batch: this.batch as Batch };
  }

  commitRead(request: Request, { region }: ReadSlot): void {
    if (this.style === 'simple') {
      writeSimpleHeader(region, request, 0);
      return;
    }
    const length = DATA_OFFSET_BYTES + request.length;
    this.writeHeader(region, request, Chunk.OffsetData, length, ReplyFlag.Done);
    writeUint64(region, request.offset, this.chunkHeaderBytes);
  }

  dropRead({ region, batch }: ReadSlot): void {
    batch.used -= region.length;
  }

  /** The data comes later: the slot keeps its buffer, and other replies go on in a new one. */
  detachRead(slot: ReadSlot): void {
    this.dropRead(slot);
    slot.batch.holders += 1;
    this.flush();
  }

  commitDetached(request: Request, slot: ReadSlot): void {
    this.commitRead(request, slot);
    this.transmit(slot.region, slot.batch);
  }

  dropDetached({ batch }: ReadSlot): void {
    this.letGo(batch);
  }

  /** Sends what has gathered. */
  flush(): void {
    const { batch } = this;
    if (batch === undefined) return;
    this.batch = undefined;
    if (batch.used === 0) this.letGo(batch);
    else this.transmit(batch.buffer.subarray(0, batch.used), batch);
  }

  private get chunkHeaderBytes(): number {
    return this.style === 'extended' ? EXTENDED_CHUNK_HEADER_BYTES : CHUNK_HEADER_BYTES;
  }

  /** Header of a chunk in the batch; answers the place of its payload. */
  private chunk(request: Request, type: number, length: number, flags: number): Buffer {
    const chunk = this.reserve(this.chunkHeaderBytes + length);
    this.writeHeader(chunk, request, type, length, flags);
    return chunk.subarray(this.chunkHeaderBytes);
  }

  private writeHeader(
    target: Buffer,
    request: Request,
    type: number,
    length: number,
    flags: number,
  ): void {
    if (this.style === 'extended') writeExtendedHeader(target, request, type, length, flags);
    else writeChunkHeader(target, request, type, length, flags);
  }

  private reserve(count: number): Buffer {
    let batch = this.batch;
    if (batch === undefined || batch.used + count > batch.buffer.length) {
      this.flush();
      const buffer = this.pool.acquire(Math.max(count, REPLY_BATCH_BYTES));
      batch = { buffer, used: 0, holders: 1 };
      this.batch = batch;
    }
    const start = batch.used;
    batch.used += count;
    return batch.buffer.subarray(start, batch.used);
  }

  /** Passes one hold on `batch` to the socket. */
  private transmit(bytes: Buffer, batch: Batch): void {
    this.unsent += bytes.length;
    this.send(bytes, () => {
      this.unsent -= bytes.length;
      this.letGo(batch);
    });
  }

  private letGo(batch: Batch): void {
    batch.holders -= 1;
    if (batch.holders === 0) this.pool.release(batch.buffer);
  }
}

/** The offset that an error names, if the wire may carry it: it must lie inside the request. */
function offsetInside(request: Request, error: NbdError): number | undefined {
  const { offset } = error.context;
  if (offset === undefined || offset < request.offset) return undefined;
  return offset < request.offset + request.length ? offset : undefined;
}

function writeSimpleHeader(target: Buffer, request: Request, errno: number): void {
  target.writeUInt32BE(SIMPLE_REPLY_MAGIC, 0);
  target.writeUInt32BE(errno, 4);
  target.writeUInt32BE(request.cookieHigh, 8);
  target.writeUInt32BE(request.cookieLow, 12);
}

function writeChunkHeader(
  target: Buffer,
  request: Request,
  type: number,
  length: number,
  flags: number,
): void {
  target.writeUInt32BE(STRUCTURED_REPLY_MAGIC, 0);
  target.writeUInt16BE(flags, 4);
  target.writeUInt16BE(type, 6);
  target.writeUInt32BE(request.cookieHigh, 8);
  target.writeUInt32BE(request.cookieLow, 12);
  target.writeUInt32BE(length, 16);
}

function writeExtendedHeader(
  target: Buffer,
  request: Request,
  type: number,
  length: number,
  flags: number,
): void {
  target.writeUInt32BE(EXTENDED_REPLY_MAGIC, 0);
  target.writeUInt16BE(flags, 4);
  target.writeUInt16BE(type, 6);
  target.writeUInt32BE(request.cookieHigh, 8);
  target.writeUInt32BE(request.cookieLow, 12);
  target.writeUInt32BE(request.offsetHigh, 16);
  target.writeUInt32BE(request.offsetLow, 20);
  writeUint64(target, length, 24);
}

/** Returns the position behind, as Buffer's own writers do. */
function writeUint64(target: Buffer, value: number, at: number): number {
  target.writeUInt32BE(Math.floor(value / WORD), at);
  return target.writeUInt32BE(value % WORD, at + 4);
}
