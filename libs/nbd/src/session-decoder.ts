/**
 * Bytes from a client in, messages out; no sockets. Pull messages with `next` until it answers undefined:
 * whoever pulls decides when to stop, which is what backpressure needs. The caller moves the decoder from
 * negotiation to transmission, since only it knows whether an option succeeded.
 */

import { ByteQueue } from './byte-queue.ts';
import { NbdError } from './errors.ts';
import {
  MAX_DRAINED_OPTION_BYTES,
  MAX_OPTION_BYTES,
  MAX_PAYLOAD_BYTES,
  MAX_STATUS_PAYLOAD_BYTES,
  MIN_POOLED_BYTES,
} from './limits.ts';
import {
  CLIENT_FLAGS_BYTES,
  CONTEXT_ID_BYTES,
  Command,
  CommandFlag,
  EXTENDED_REQUEST_BYTES,
  EXTENDED_REQUEST_MAGIC,
  OPTION_HEADER_BYTES,
  OPTION_MAGIC,
  REQUEST_BYTES,
  REQUEST_MAGIC,
  STATUS_PAYLOAD_HEAD_BYTES,
  WORD,
} from './protocol.ts';

export interface ClientFlags {
  readonly kind: 'client-flags';
  readonly flags: number;
}

export interface OptionRequest {
  readonly kind: 'option';
  readonly option: number;
  /** Undefined where the data was too long to keep; it has been drained. */
  readonly data: Buffer | undefined;
}

export interface Request {
  readonly kind: 'request';
  readonly flags: number;
  readonly command: number;
  /** The 64-bit cookie as two words: it is only ever echoed. */
  readonly cookieHigh: number;
  readonly cookieLow: number;
  /** Exact below 2^53. Above, it is rounded but still far beyond any export, which is all that matters. */
  readonly offset: number;
  /** The offset as it came, for extended replies, which echo it. */
  readonly offsetHigh: number;
  readonly offsetLow: number;
  /** Bytes of the export that are meant; inexact like `offset`. Only a payload that was dropped is not the effect. */
  length: number;
  /** Data of a WRITE; undefined for other commands, and where it has been drained. */
  payload: Buffer | undefined;
  /** Contexts that a BLOCK_STATUS is limited to. */
  contextIds: readonly number[] | undefined;
  /** When the server took it up, in milliseconds of `performance.now()`; 0 until then. */
  since: number;
  /** The pooled buffer under `payload`, to be given back after use. */
  lease: Buffer | undefined;
}

export type ClientMessage = ClientFlags | OptionRequest | Request;

type Phase = 'client-flags' | 'options' | 'requests';

export class SessionDecoder {
  private readonly queue = new ByteQueue();
  private phase: Phase = 'client-flags';
  private extended = false;
  /** The message whose header has been read and whose data is on its way. */
  private pendingOption: { option: number; length: number } | undefined;
  private pendingRequest: Request | undefined;
  private payloadFilled = 0;
  private toDrain = 0;

  /** @param acquire gives a buffer of at least so many bytes for a large payload */
  constructor(private readonly acquire: (count: number) => Buffer) {}

  /** Bytes received and not yet consumed. */
  get buffered(): number {
    return this.queue.length;
  }

  push(chunk: Buffer): void {
    this.queue.push(chunk);
  }

  /** Drops what has been received and not been consumed. */
  discard(): void {
    this.queue.skip(this.queue.length);
  }

  /** The rest of the payload that is on its way, where the next bytes received belong; undefined without one. */
  payloadRoom(): Buffer | undefined {
    if (this.queue.length > 0) return undefined;
    return this.pendingRequest?.payload?.subarray(this.payloadFilled);
  }

  /** So many bytes have been put into `payloadRoom`. */
  filledPayload(count: number): void {
    this.payloadFilled += count;
  }

  /** What follows are requests. To be called between two messages, when an option has ended the negotiation. */
  startTransmission(extended = false): void {
    this.phase = 'requests';
    this.extended = extended;
  }

  /** Gives up a payload that will never be complete. */
  abandon(): Buffer | undefined {
    const lease = this.pendingRequest?.lease;
    this.pendingRequest = undefined;
    return lease;
  }

  /**
   * The next complete message, or undefined until more bytes are pushed.
   * @throws NbdError `protocol_error` where the client is out of step or announces absurd lengths
   */
  next(): ClientMessage | undefined {
    if (this.phase === 'requests') return this.nextRequest();
    if (this.phase === 'options') return this.nextOption();
    const bytes = this.queue.take(CLIENT_FLAGS_BYTES);
    if (bytes === undefined) return undefined;
    this.phase = 'options';
    return { kind: 'client-flags', flags: bytes.readUInt32BE(0) };
  }

  private nextOption(): OptionRequest | undefined {
    const pending = this.pendingOption ?? this.readOptionHeader();
    if (pending === undefined) return undefined;
    this.pendingOption = pending;
    let data: Buffer | undefined;
    if (pending.length <= MAX_OPTION_BYTES) {
      data = this.queue.take(pending.length);
      if (data === undefined) return undefined;
    } else if (!this.drain()) {
      return undefined;
    }
    this.pendingOption = undefined;
    return { kind: 'option', option: pending.option, data };
  }

  private readOptionHeader(): { option: number; length: number } | undefined {
    const header = this.queue.take(OPTION_HEADER_BYTES);
    if (header === undefined) return undefined;
    if (header.readBigUInt64BE(0) !== OPTION_MAGIC) {
      throw new NbdError('protocol_error', 'option magic is not IHAVEOPT');
    }
    const option = header.readUInt32BE(8);
    const length = header.readUInt32BE(12);
    if (length > MAX_DRAINED_OPTION_BYTES) {
      throw new NbdError(
        'protocol_error',
        `option ${option}: got ${length} bytes of data, allowed are ${MAX_DRAINED_OPTION_BYTES}`,
      );
    }
    if (length > MAX_OPTION_BYTES) this.toDrain = length;
    return { option, length };
  }

  private nextRequest(): Request | undefined {
    const pending = this.pendingRequest;
    if (pending !== undefined) return this.continuePayload(pending);
    const header = this.queue.take(this.extended ? EXTENDED_REQUEST_BYTES : REQUEST_BYTES);
    if (header === undefined) return undefined;
    const magic = this.extended ? EXTENDED_REQUEST_MAGIC : REQUEST_MAGIC;
    if (header.readUInt32BE(0) !== magic) {
      throw new NbdError('protocol_error', 'request magic is wrong');
    }
    const offsetHigh = header.readUInt32BE(16);
    const offsetLow = header.readUInt32BE(20);
    const request: Request = {
      kind: 'request',
      flags: header.readUInt16BE(4),
      command: header.readUInt16BE(6),
      cookieHigh: header.readUInt32BE(8),
      cookieLow: header.readUInt32BE(12),
      offset: offsetHigh * WORD + offsetLow,
      offsetHigh,
      offsetLow,
      length: this.extended
        ? header.readUInt32BE(24) * WORD + header.readUInt32BE(28)
        : header.readUInt32BE(24),
      payload: undefined,
      contextIds: undefined,
      since: 0,
      lease: undefined,
    };
    return this.hasPayload(request) ? this.startPayload(request) : request;
  }

  /** QEMU's client up to version 10 sends the data of an extended WRITE without the flag that announces it. */
  private hasPayload({ command, flags }: Request): boolean {
    if (command === Command.Write) return true;
    return this.extended && (flags & CommandFlag.PayloadLength) !== 0;
  }

  private startPayload(request: Request): Request | undefined {
    const { length } = request;
    if (this.extended && length > MAX_PAYLOAD_BYTES) {
      throw new NbdError(
        'protocol_error',
        `payload: got ${length} bytes, allowed are ${MAX_PAYLOAD_BYTES}`,
      );
    }
    if (length > kept(request.command)) {
      this.toDrain = length;
    } else {
      request.payload = this.queue.take(length);
      if (request.payload !== undefined) return understood(request);
      if (length < MIN_POOLED_BYTES) {
        request.payload = Buffer.allocUnsafe(length);
      } else {
        request.lease = this.acquire(length);
        request.payload = request.lease.subarray(0, length);
      }
      this.payloadFilled = 0;
    }
    this.pendingRequest = request;
    return this.continuePayload(request);
  }

  private continuePayload(request: Request): Request | undefined {
    const { payload } = request;
    if (payload === undefined) {
      if (!this.drain()) return undefined;
    } else {
      this.payloadFilled += this.queue.copyTo(payload, this.payloadFilled);
      if (this.payloadFilled < payload.length) return undefined;
    }
    this.pendingRequest = undefined;
    return understood(request);
  }

  /** Whether everything that is to be dropped has been. */
  private drain(): boolean {
    this.toDrain -= this.queue.skip(this.toDrain);
    return this.toDrain === 0;
  }
}

/** Bytes of payload that are kept and looked at; more is drained, and the request will be refused. */
function kept(command: number): number {
  if (command === Command.Write) return MAX_PAYLOAD_BYTES;
  return command === Command.BlockStatus ? MAX_STATUS_PAYLOAD_BYTES : 0;
}

/** A payload of BLOCK_STATUS becomes fields; one that makes no sense is dropped. */
function understood(request: Request): Request {
  const { command, payload } = request;
  if (command === Command.Write || payload === undefined) return request;
  request.payload = undefined;
  const idBytes = payload.length - STATUS_PAYLOAD_HEAD_BYTES;
  if (idBytes < 0 || idBytes % CONTEXT_ID_BYTES !== 0) return request;
  request.length = payload.readUInt32BE(0) * WORD + payload.readUInt32BE(4);
  request.contextIds = Array.from({ length: idBytes / CONTEXT_ID_BYTES }, (_, index) =>
    payload.readUInt32BE(STATUS_PAYLOAD_HEAD_BYTES + index * CONTEXT_ID_BYTES),
  );
  return request;
}
