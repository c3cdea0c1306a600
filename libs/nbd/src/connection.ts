/**
 * One client: its socket, decoder, negotiation and transmission. Messages are pulled from the decoder only
 * while the connection holds few enough bytes; past that the socket is paused until some have left.
 */

import type { Socket } from 'node:net';
import type { BufferPool } from './buffer-pool.ts';
import { NbdError } from './errors.ts';
import { greeting } from './handshake-messages.ts';
import { MAX_IN_FLIGHT_REQUESTS, TURN_BYTES, TURN_REQUESTS } from './limits.ts';
import { type Agreement, type ExportDirectory, Negotiation, type TlsMode } from './negotiation.ts';
import { Command } from './protocol.ts';
import { Receiver, receiveInto } from './receiver.ts';
import { ReplyWriter } from './reply-writer.ts';
import type { ExportConnection, ServedExport } from './served-export.ts';
import {
  type ClientMessage,
  type OptionRequest,
  type Request,
  SessionDecoder,
} from './session-decoder.ts';
import { type ServerCredentials, upgradeServerSide } from './tls.ts';
import { Transmission } from './transmission.ts';

/** What a connection needs from its server. */
export interface ConnectionHost extends ExportDirectory<ServedExport> {
  readonly pool: BufferPool;
  readonly credentials: ServerCredentials | undefined;
  readonly handshakeTimeoutMs: number;
  readonly drainTimeoutMs: number;
  /** 0: never. */
  readonly idleTimeoutMs: number;
  readonly stuckTimeoutMs: number;
  now(): number;
  /** Bytes that a connection holding `heldBytes` may still take on; 0 or less makes it wait. */
  allowance(heldBytes: number, served: ServedExport | undefined): number;
  /** A connection holds so many more bytes than before, or fewer. */
  accountBytes(delta: number): void;
  event(event: ConnectionEvent): void;
  unexpected(error: unknown): void;
}

/** A client that entered or left an export. */
export interface ConnectionEvent {
  readonly event: 'entered' | 'left';
  /** Unique within the server. */
  readonly connection: number;
  readonly export: string;
  /** Address of the client; undefined on a unix socket. */
  readonly client: string | undefined;
  /** Names of its certificate, or of its key. */
  readonly names: readonly string[];
}

export class Connection implements ExportConnection {
  /** Resolves once the socket is closed and every request has settled. */
  readonly gone: Promise<void>;
  private readonly decoder: SessionDecoder;
  private readonly replies: ReplyWriter;
  private readonly negotiation: Negotiation<ServedExport>;
  private served: ServedExport | undefined;
  private transmission: Transmission | undefined;
  /** No more messages are taken; what is in flight finishes, then the socket ends. */
  private closing = false;
  private draining = false;
  /** The client sends no more; what it has sent is still answered. */
  private clientEnded = false;
  private socketClosed = false;
  private pumping = false;
  private readonly client: string | undefined;
  private names: readonly string[] = [];
  private accountedBytes = 0;
  private lastHeard: number;
  /** When bytes last left, or began to wait. */
  private lastSent: number;
  /** Goes on when others have had their turn. */
  private turn: NodeJS.Immediate | undefined;
  private timer: NodeJS.Timeout | undefined;
  private resolveGone: () => void = () => undefined;
  /** Between the answer to STARTTLS and the end of TLS's own handshake. */
  private upgrading = false;
  private readonly receiver: Receiver;
  /** For TLS, whose sockets choose their buffers themselves. */
  private readonly onData = (chunk: Buffer): void => {
    this.decoder.push(chunk);
    this.received();
  };
  private readonly onEnd = (): void => this.ended();
  private readonly onClose = (): void => this.closed();

  private socket: Socket;

  constructor(
    accepted: Socket,
    private readonly host: ConnectionHost,
    tls: TlsMode,
    private readonly id: number,
  ) {
    this.client = accepted.remoteAddress && `${accepted.remoteAddress}:${accepted.remotePort}`;
    this.gone = new Promise((resolve) => {
      this.resolveGone = resolve;
    });
    this.lastHeard = host.now();
    this.lastSent = this.lastHeard;
    this.decoder = new SessionDecoder((count) => host.pool.acquire(count));
    this.replies = new ReplyWriter(host.pool, (bytes, sent) => this.send(bytes, sent));
    this.negotiation = new Negotiation(host, tls);
    this.receiver = new Receiver(this.decoder);
    this.socket = receiveInto(accepted, this.receiver, () => this.received());
    this.adopt(this.socket);
    this.destroyAfter(host.handshakeTimeoutMs);
    this.replies.raw(greeting());
    this.replies.flush();
  }

  get negotiating(): boolean {
    return this.transmission === undefined;
  }

  get waiting(): number {
    return this.transmission?.waiting ?? 0;
  }

  /** Ends at once, whatever is in flight. */
  abandon(): void {
    this.socket.destroy();
  }

  resume(): void {
    this.pump();
  }

  /** Ends if nothing has been asked for too long, or if the client has left its replies lying too long. */
  check(now: number): void {
    const { idleTimeoutMs, stuckTimeoutMs } = this.host;
    if (this.transmission === undefined || this.closing) return;
    if (this.replies.unsentBytes > 0 && now - this.lastSent >= stuckTimeoutMs)
      this.socket.destroy();
    else if (idleTimeoutMs > 0 && this.heldBytes() === 0 && now - this.lastHeard >= idleTimeoutMs) {
      void this.drain();
    }
  }

  /** Answers what is in flight, turns down what still arrives, then ends. */
  drain(): Promise<void> {
    if (this.transmission !== undefined) this.transmission.shuttingDown = true;
    this.draining = true;
    clearImmediate(this.turn);
    this.turn = undefined;
    this.pump();
    this.finish();
    return this.gone;
  }

  private adopt(socket: Socket): void {
    this.socket = socket;
    socket.on('data', this.onData);
    socket.on('end', this.onEnd);
    // the reason does not matter: 'close' follows, and a client may leave as it likes
    socket.on('error', () => undefined);
    socket.on('close', this.onClose);
  }

  private release(): Socket {
    const { socket } = this;
    socket.pause();
    socket.off('data', this.onData);
    socket.off('end', this.onEnd);
    socket.off('close', this.onClose);
    return socket;
  }

  /** Encrypts the connection; the answer to STARTTLS is on its way before the first byte of that. */
  private async upgrade(credentials: ServerCredentials): Promise<void> {
    this.upgrading = true;
    const raw = this.release();
    try {
      const { socket, names } = await upgradeServerSide(raw, credentials);
      this.upgrading = false;
      this.adopt(socket);
      this.names = [...names];
      this.negotiation.secured({ secure: true, names });
    } catch {
      // a handshake that fails leaves nothing to go on with (proto.md, FORCEDTLS mode)
      this.upgrading = false;
      this.closed();
    }
    this.pump();
  }

  private received(): void {
    if (this.closing) {
      this.decoder.discard();
      return;
    }
    this.lastHeard = this.host.now();
    this.pump();
  }

  private pump(): void {
    // an export may settle a request while another is being handled
    if (this.pumping) return;
    this.pumping = true;
    try {
      this.takeTurn();
    } catch (error) {
      if (!(error instanceof NbdError)) this.host.unexpected(error);
      this.socket.destroy();
    }
    this.pumping = false;
    this.replies.flush();
    this.account();
    if (this.closing) this.endWhenIdle();
    else if (this.upgrading || this.turn !== undefined) return;
    else if (this.stalled()) this.socket.pause();
    else this.socket.resume();
  }

  private takeTurn(): void {
    if (this.turn !== undefined) return;
    let requests = 0;
    let bytes = 0;
    while (!this.closing && !this.upgrading && !this.stalled()) {
      const message = this.decoder.next();
      if (message === undefined) {
        if (this.clientEnded) this.closing = true;
        return;
      }
      this.dispatch(message);
      if (this.draining || message.kind !== 'request') continue;
      requests += 1;
      bytes += hasData(message) ? message.length : 0;
      if (requests < TURN_REQUESTS && bytes < TURN_BYTES) continue;
      this.turn = setImmediate(() => {
        this.turn = undefined;
        this.pump();
      });
      return;
    }
  }

  private dispatch(message: ClientMessage): void {
    switch (message.kind) {
      case 'client-flags':
        this.negotiation.clientFlags(message.flags);
        break;
      case 'option':
        this.negotiate(message);
        break;
      case 'request':
        if (message.command === Command.Disconnect) this.closing = true;
        else this.transmission?.handle(message);
    }
  }

  private negotiate(message: OptionRequest): void {
    const { replies, agreement, close, startTls } = this.negotiation.handle(message);
    for (const reply of replies) this.replies.raw(reply);
    if (agreement !== undefined) this.startTransmission(agreement);
    if (close) this.closing = true;
    const { credentials } = this.host;
    if (!startTls || credentials === undefined) return;
    // what came in the clear behind STARTTLS was put there by somebody in between (CVE-2021-3716)
    if (this.decoder.buffered > 0) {
      throw new NbdError('protocol_error', 'data in the clear behind STARTTLS');
    }
    this.replies.flush();
    void this.upgrade(credentials);
  }

  private startTransmission(agreement: Agreement<ServedExport>): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.decoder.startTransmission(agreement.style === 'extended');
    this.replies.style = agreement.style;
    this.served = agreement.served;
    this.served.connections.add(this);
    this.served.heldBytes += this.accountedBytes;
    this.report('entered', this.served);
    this.transmission = new Transmission(agreement, this.replies, {
      keep: () => this.receiver.keep(),
      release: (lease) => this.host.pool.release(lease),
      settled: () => this.pump(),
      unexpected: (error) => this.host.unexpected(error),
    });
  }

  private report(event: 'entered' | 'left', { name }: ServedExport): void {
    const { id: connection, client, names } = this;
    this.host.event({ event, connection, export: name, client, names });
  }

  private stalled(): boolean {
    const held = this.heldBytes();
    this.account(held);
    return (
      this.host.allowance(held, this.served) <= 0 ||
      this.waiting >= MAX_IN_FLIGHT_REQUESTS ||
      (this.served?.mustWait(this) ?? false)
    );
  }

  private heldBytes(): number {
    return this.replies.unsentBytes + (this.transmission?.waitingBytes ?? 0);
  }

  private account(held = this.heldBytes()): void {
    if (held === this.accountedBytes) return;
    const delta = held - this.accountedBytes;
    this.host.accountBytes(delta);
    if (this.served !== undefined) this.served.heldBytes += delta;
    this.accountedBytes = held;
  }

  private send(bytes: Buffer, sent: () => void): void {
    if (this.socket.destroyed || this.socket.writableEnded) {
      sent();
      return;
    }
    if (this.socket.writableLength === 0) this.lastSent = this.host.now();
    this.socket.write(bytes, () => {
      this.lastSent = this.host.now();
      sent();
      this.pump();
    });
  }

  private ended(): void {
    this.clientEnded = true;
    this.pump();
  }

  /** Takes no more messages and ends once all is answered. */
  private finish(): void {
    this.closing = true;
    this.endWhenIdle();
  }

  private endWhenIdle(): void {
    if (this.transmission !== undefined && this.transmission.waiting > 0) return;
    if (this.socketClosed) {
      this.resolveGone();
    } else if (this.upgrading) {
      this.socket.destroy();
    } else if (!this.socket.writableEnded && !this.socket.destroyed) {
      this.replies.flush();
      this.socket.end();
      // reads on, so that unread requests do not turn the end into a reset that swallows replies
      this.socket.resume();
      this.destroyAfter(this.host.drainTimeoutMs);
    }
  }

  private closed(): void {
    this.socketClosed = true;
    clearTimeout(this.timer);
    const lease = this.decoder.abandon();
    if (lease !== undefined) this.host.pool.release(lease);
    clearImmediate(this.turn);
    this.turn = undefined;
    if (this.served !== undefined) {
      this.served.leave(this);
      this.report('left', this.served);
    }
    this.finish();
    this.account();
  }

  private destroyAfter(timeoutMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.socket.destroy(), timeoutMs);
  }
}

function hasData({ command }: Request): boolean {
  return command === Command.Read || command === Command.Write;
}
