/** The server: exports by name, listeners on TCP and unix sockets, and the bounds over all connections. */

import { chmod } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { checkRules } from './access.ts';
import { BufferPool } from './buffer-pool.ts';
import { Connection, type ConnectionEvent, type ConnectionHost } from './connection.ts';
import { invalidOption } from './errors.ts';
import type { NbdExport } from './export.ts';
import {
  DRAIN_TIMEOUT_MS,
  HANDSHAKE_TIMEOUT_MS,
  KEEP_ALIVE_MS,
  MAX_CONNECTIONS,
  MAX_EXPORT_IN_FLIGHT_BYTES,
  MAX_EXPORTS,
  MAX_IN_FLIGHT_BYTES,
  MAX_MINIMUM_BLOCK_BYTES,
  MAX_STRING_BYTES,
  MAX_TOTAL_IN_FLIGHT_BYTES,
  STUCK_TIMEOUT_MS,
  SWEEP_INTERVAL_MS,
} from './limits.ts';
import type { TlsMode } from './negotiation.ts';
import { type ExportOptions, type ExportStats, ServedExport } from './served-export.ts';
import { removeStaleSocket } from './stale-socket.ts';
import type { Rates } from './throttle.ts';
import type { ServerCredentials } from './tls.ts';

export interface NbdServerOptions {
  /** Export that the empty name stands for; none without it. */
  defaultExport?: string;
  maxConnections?: number;
  maxInFlightBytes?: number;
  maxTotalInFlightBytes?: number;
  maxExportInFlightBytes?: number;
  /** A connection without a request for so long is ended; 0, the default, lets them be. */
  idleTimeoutMs?: number;
  stuckTimeoutMs?: number;
  /** Clock of rates and of idle connections, in milliseconds. */
  now?: () => number;
  handshakeTimeoutMs?: number;
  drainTimeoutMs?: number;
  /** Needed where a listener speaks TLS. */
  credentials?: ServerCredentials;
  /** Told when a client enters and leaves an export. */
  onConnection?: (event: ConnectionEvent) => void;
  /** Told of errors that are not `NbdError`: faults of an export or of this server. */
  onUnexpected?: (error: unknown) => void;
}

/** TCP with port 0 for any free one, or a unix socket. */
export type ListenAddress = { host: string; port: number } | { path: string };

export interface ListenOptions {
  /** `off` unless given. */
  tls?: TlsMode;
  /** Permission bits of a unix socket: who may connect. Those of the process's umask unless given. */
  mode?: number;
}

export class NbdServer {
  private readonly exports = new Map<string, ServedExport>();
  private readonly listeners = new Set<Server>();
  private readonly connections = new Set<Connection>();
  private readonly options: Required<Omit<NbdServerOptions, 'credentials'>>;
  private readonly credentials: ServerCredentials | undefined;
  private readonly host: ConnectionHost;
  private inFlightBytes = 0;
  /** Connections so far: their ids. */
  private accepted = 0;
  private sweeper: NodeJS.Timeout | undefined;

  constructor({ credentials, ...options }: NbdServerOptions = {}) {
    this.credentials = credentials;
    this.options = {
      defaultExport: '',
      maxConnections: MAX_CONNECTIONS,
      maxInFlightBytes: MAX_IN_FLIGHT_BYTES,
      maxTotalInFlightBytes: MAX_TOTAL_IN_FLIGHT_BYTES,
      maxExportInFlightBytes: MAX_EXPORT_IN_FLIGHT_BYTES,
      idleTimeoutMs: 0,
      stuckTimeoutMs: STUCK_TIMEOUT_MS,
      now: () => performance.now(),
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      drainTimeoutMs: DRAIN_TIMEOUT_MS,
      onConnection: () => undefined,
      onUnexpected: () => undefined,
      ...options,
    };
    this.host = this.hostOfConnections();
  }

  /**
   * Serves `target` under `name` from now on.
   * @throws NbdError `invalid_option` for a name in use or too long, a rule that is none, or block sizes that the
   *   protocol forbids
   */
  addExport(name: string, target: NbdExport, options: ExportOptions = {}): void {
    const bytes = Buffer.byteLength(name);
    if (bytes > MAX_STRING_BYTES || name.includes('\0')) {
      throw invalidOption('name', `${bytes} bytes`, `up to ${MAX_STRING_BYTES} bytes without NUL`);
    }
    if (this.exports.has(name)) throw invalidOption('name', name, 'a name not in use');
    checkBlockSizes(target);
    if (this.exports.size >= MAX_EXPORTS) {
      throw invalidOption('exports', this.exports.size + 1, `at most ${MAX_EXPORTS}`);
    }
    if (options.allow !== undefined) checkRules(options.allow);
    this.exports.set(name, new ServedExport(name, target, options, this.options.now));
  }

  /**
   * Stops serving `name`: requests in flight finish, then its connections end. Resolves when they are gone,
   * after which the server touches the export no more. An unknown name is gone already.
   */
  async removeExport(name: string): Promise<void> {
    const served = this.exports.get(name);
    this.exports.delete(name);
    await served?.drain();
  }

  /** Limits an export's rates from now on; an unknown name has none. */
  setRates(name: string, rates: Rates): void {
    this.exports.get(name)?.setRates(rates);
  }

  /** Counters of an export, or undefined where there is none of that name. */
  stats(name: string): ExportStats | undefined {
    return this.exports.get(name)?.stats;
  }

  /**
   * Listens there too; resolves to the address with the actual port. A unix socket that no server holds any more is
   * taken over.
   * @throws NbdError `invalid_option` for TLS without credentials
   */
  async listen(
    address: ListenAddress,
    { tls = 'off', mode }: ListenOptions = {},
  ): Promise<ListenAddress> {
    if (tls !== 'off' && this.credentials === undefined) {
      throw invalidOption('tls', tls, 'off, as there is no certificate');
    }
    if ('path' in address) await removeStaleSocket(address.path);
    const options = { allowHalfOpen: true, noDelay: true, pauseOnConnect: true };
    const listener = createServer(options, (socket) => this.accept(socket, tls));
    if (!('path' in address) || mode === undefined) return this.bind(listener, address);
    // nobody may slip in before the mode is set
    const umask = process.umask(0o777);
    const bound = this.bind(listener, address);
    process.umask(umask);
    await bound;
    await chmod(address.path, mode);
    return bound;
  }

  private bind(listener: Server, address: ListenAddress): Promise<ListenAddress> {
    return new Promise((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(address, () => {
        listener.off('error', reject);
        // a failed accept (no file descriptor left, say) costs that client only
        listener.on('error', (error) => this.options.onUnexpected(error));
        this.listeners.add(listener);
        const bound = listener.address();
        resolve(
          bound !== null && typeof bound === 'object'
            ? { host: bound.address, port: bound.port }
            : address,
        );
      });
    });
  }

  /** Stops listening, lets requests in flight finish, and ends every connection. */
  async close(): Promise<void> {
    const closed = [...this.listeners].map(
      (listener) => new Promise<void>((resolve) => listener.close(() => resolve())),
    );
    this.listeners.clear();
    await Promise.all([...this.connections].map((connection) => connection.drain()));
    await Promise.all(closed);
  }

  private accept(socket: Socket, tls: TlsMode): void {
    if (this.connections.size >= this.options.maxConnections && !this.makeRoom()) {
      socket.destroy();
      return;
    }
    this.sweeper ??= setInterval(() => this.sweep(), SWEEP_INTERVAL_MS).unref();
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const connection = new Connection(socket, this.host, tls, ++this.accepted);
    this.connections.add(connection);
    void connection.gone.then(() => {
      this.connections.delete(connection);
      if (this.connections.size > 0) return;
      clearInterval(this.sweeper);
      this.sweeper = undefined;
    });
  }

  /** Gives up the longest handshake, so that silent connections cannot keep others out. */
  private makeRoom(): boolean {
    for (const connection of this.connections) {
      if (!connection.negotiating) continue;
      connection.abandon();
      this.connections.delete(connection);
      return true;
    }
    return false;
  }

  private sweep(): void {
    const now = this.options.now();
    for (const connection of this.connections) connection.check(now);
  }

  private hostOfConnections(): ConnectionHost {
    const { exports, options, credentials } = this;
    return {
      credentials,
      pool: new BufferPool(),
      handshakeTimeoutMs: options.handshakeTimeoutMs,
      drainTimeoutMs: options.drainTimeoutMs,
      idleTimeoutMs: options.idleTimeoutMs,
      stuckTimeoutMs: options.stuckTimeoutMs,
      now: options.now,
      find: (name) => exports.get(name === '' ? options.defaultExport : name),
      list: () => exports.values(),
      allowance: (held, served) => {
        // when memory is short each connection has its share of it, and moves one request at a time at the least
        let most = options.maxInFlightBytes;
        if (this.inFlightBytes >= options.maxTotalInFlightBytes) {
          most = Math.min(most, options.maxTotalInFlightBytes / this.connections.size);
        }
        if (served !== undefined && served.heldBytes >= options.maxExportInFlightBytes) {
          most = Math.min(most, options.maxExportInFlightBytes / served.connections.size);
        }
        return Math.max(most - held, held === 0 ? 1 : 0);
      },
      accountBytes: (delta) => {
        this.inFlightBytes += delta;
      },
      event: options.onConnection,
      unexpected: options.onUnexpected,
    };
  }
}

function checkBlockSizes({ minimumBlockSize, preferredBlockSize, size }: NbdExport): void {
  if (!isPowerOfTwo(minimumBlockSize) || minimumBlockSize > MAX_MINIMUM_BLOCK_BYTES) {
    const allowed = `a power of two up to ${MAX_MINIMUM_BLOCK_BYTES}`;
    throw invalidOption('minimumBlockSize', minimumBlockSize, allowed);
  }
  const least = Math.max(minimumBlockSize, 512);
  if (!isPowerOfTwo(preferredBlockSize) || preferredBlockSize < least) {
    throw invalidOption('preferredBlockSize', preferredBlockSize, `a power of two from ${least}`);
  }
  if (!Number.isSafeInteger(size) || size < 0) {
    throw invalidOption('size', size, 'a whole number of bytes below 2^53');
  }
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
