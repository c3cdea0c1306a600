/**
 * Where received bytes go. Left alone, Node allocates 64 KiB for every read, and the garbage collector spends more time
 * on those than the server on requests. Here one block is read into again and again, and the rest of a large payload
 * straight into its place.
 */

import { Socket, type SocketConstructorOpts } from 'node:net';
import { MIN_DIRECT_BYTES, MIN_RECEIVE_BYTES, RECEIVE_BLOCK_BYTES } from './limits.ts';
import type { SessionDecoder } from './session-decoder.ts';

export class Receiver {
  private block: Buffer = Buffer.allocUnsafeSlow(RECEIVE_BLOCK_BYTES);
  /** Bytes of the block before this are still looked at by somebody. */
  private used = 0;
  private keeping = false;
  /** What was handed out last: the rest of a payload, or a part of the block. */
  private target: Buffer = this.block;
  private direct = false;

  constructor(private readonly decoder: SessionDecoder) {}

  /** Room for the next bytes; good until it is asked again. */
  next(): Buffer {
    const payload = this.decoder.payloadRoom();
    this.direct = payload !== undefined && payload.length >= MIN_DIRECT_BYTES;
    this.target = this.direct ? (payload as Buffer) : this.partOfBlock();
    return this.target;
  }

  /** So many bytes have been put into the room that `next` gave. */
  received(count: number): void {
    if (this.direct) {
      this.decoder.filledPayload(count);
      return;
    }
    this.used = this.target.byteOffset + count;
    this.decoder.push(this.target.subarray(0, count));
  }

  /** Somebody goes on looking at what has been received so far: it is left to the garbage collector. */
  keep(): void {
    this.keeping = true;
  }

  private partOfBlock(): Buffer {
    const inUse = this.keeping || this.decoder.buffered > 0;
    if (!inUse) this.used = 0;
    else if (this.block.length - this.used < MIN_RECEIVE_BYTES) {
      this.block = Buffer.allocUnsafeSlow(RECEIVE_BLOCK_BYTES);
      this.used = 0;
      this.keeping = false;
    }
    return this.block.subarray(this.used);
  }
}

/**
 * A socket of the same connection that reads into rooms of `receiver` instead of emitting 'data'. Node has this as the
 * option `onread` of sockets that connect; for accepted ones the handle must be moved, which its documentation does not
 * cover. Where that should fail some day the socket comes back as it is, and emits 'data'.
 * @param accepted of a server with `pauseOnConnect`, so that nothing has been read yet
 */
export function receiveInto(accepted: Socket, receiver: Receiver, then: () => void): Socket {
  const holder = accepted as unknown as { _handle?: object | null };
  const handle = holder._handle;
  if (handle === undefined || handle === null) return accepted.resume();
  holder._handle = null;
  // its server counts it no more; the connection goes on in the other socket
  accepted.destroy();
  const callback = (count: number): boolean => {
    receiver.received(count);
    then();
    return true;
  };
  const onread = { buffer: () => receiver.next(), callback };
  return new Socket({ handle, allowHalfOpen: true, onread } as SocketConstructorOpts);
}
