/** Promised reads of exactly so many bytes from a socket, for the client. */

import type { Socket } from 'node:net';
import { ByteQueue } from './byte-queue.ts';
import { NbdError } from './errors.ts';

/** Bytes that may wait unread before the socket is paused. */
const HIGH_WATER_BYTES = 1024 * 1024;

export class ByteStream {
  private readonly queue = new ByteQueue();
  private ended: NbdError | undefined;
  private wake: () => void = () => undefined;

  private readonly onData = (chunk: Buffer): void => {
    this.queue.push(chunk);
    if (this.queue.length > HIGH_WATER_BYTES) this.socket.pause();
    this.wake();
  };

  constructor(private readonly socket: Socket) {
    socket.on('data', this.onData);
    socket.on('error', (cause) => this.end(cause));
    socket.on('end', () => this.end());
    socket.on('close', () => this.end());
  }

  /**
   * Leaves the socket to another.
   * @throws NbdError `protocol_error` where bytes are left that nobody has read
   */
  release(): void {
    this.socket.pause();
    this.socket.off('data', this.onData);
    if (this.queue.length > 0) {
      throw new NbdError('protocol_error', 'server sent data in the clear behind STARTTLS');
    }
  }

  /** @throws NbdError `disconnected` where the stream ends first */
  async read(count: number): Promise<Buffer> {
    const whole = this.queue.take(count);
    if (whole !== undefined) return whole;
    const target = Buffer.allocUnsafe(count);
    let filled = 0;
    for (;;) {
      filled += this.queue.copyTo(target, filled);
      if (filled === count) return target;
      if (this.ended !== undefined) throw this.ended;
      this.socket.resume();
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private end(cause?: Error): void {
    this.ended ??= new NbdError('disconnected', 'server closed the connection', {}, { cause });
    this.wake();
  }
}
