/** The server: exports by name, listeners on TCP and unix sockets, and the bounds over all connections. */

import { chmod } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { checkRules } from './access.ts';
import { BufferPool } from './buffer-pool.ts';
import { Connection, type ConnectionHost } from './connection.ts';
import { invalidOption } from './errors.ts';
import type { NbdExport } from './export.ts';
import {
  DRAIN_TIMEOUT_MS,
  HANDSHAKE_TIMEOUT_MS,
  KEEP_ALIVE_MS,
  MAX_CONNECTIONS,
  MAX_IN_FLIGHT_BYTES,
  MAX_MINIMUM_BLOCK_BYTES,
  MAX_STRING_BYTES,
  MAX_TOTAL_IN_FLIGHT_BYTES,
} from './limits.ts';
import type { TlsMode } from './negotiation.ts';
import { type ExportStats, ServedExport } from './served-export.ts';
import { removeStaleSocket } from './stale-socket.ts';
import type { ServerCredentials } from './tls.ts';

export interface NbdServerOptions {
  /** Export that the empty name stands for; none without it. */
  defaultExport?: string;
  maxConnections?: number;
  maxInFlightBytes?: number;
  maxTotalInFlightBytes?: number;
  handshakeTimeoutMs?: number;
  drainTimeoutMs?: number;
  /** Needed where a listener speaks TLS. */
  credentials?: ServerCredentials;
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

export interface ExportOptions {
  /** Certificates of clients that may use the export, such as `CN=alice`; one must fit. Everyone without it. */
  allow?: readonly string[];
}

export class NbdServer {
  private readonly exports = new Map<string, ServedExport>();
  private readonly listeners = new Set<Server>();
  private readonly connections = new Set<Connection>();
  private readonly options: Required<Omit<NbdServerOptions, 'credentials'>>;
  private readonly credentials: ServerCredentials | undefined;
  private readonly host: ConnectionHost;
  private inFlightBytes = 0;

  constructor({ credentials, ...options }: NbdServerOptions = {}) {
    this.credentials = credentials;
    this.options = {
      defaultExport: '',
      maxConnections: MAX_CONNECTIONS,
      maxInFlightBytes: MAX_IN_FLIGHT_BYTES,
      maxTotalInFlightBytes: MAX_TOTAL_IN_FLIGHT_BYTES,
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      drainTimeoutMs: DRAIN_TIMEOUT_MS,
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
  addExport(name: string, target: NbdExport, { allow }: ExportOptions = {}): void {
    const bytes = Buffer.byteLength(name);
    if (bytes > MAX_STRING_BYTES || name.includes('\0')) {
      throw invalidOption('name', `${bytes} bytes`, `up to ${MAX_STRING_BYTES} bytes without NUL`);
    }
    if (this.exports.has(name)) throw invalidOption('name', name, 'a name not in use');
    checkBlockSizes(target);
    if (allow !== undefined) checkRules(allow);
    this.exports.set(name, new ServedExport(name, target, allow));
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

  /** Counters of an export, or undefined where there is none of that name. */
  stats(name: string): ExportStats | undefined {
    return this.exports.get(name)?.stats;
  }

  /**
   * Listens there too; resolves to the address with the actual port. A unix socket that no server holds any more is
   * taken over.
   * @throws NbdError `invalid_option` for TLS without credentials
   */
  async listen(address: ListenAddress, options: ListenOptions = {}): Promise<ListenAddress> {
    const { tls = 'off', mode } = options;
    if (tls !== 'off' && this.credentials === undefined) {
      throw invalidOption('tls', tls, 'off, as there is no certificate');
    }
    if ('path' in address) await removeStaleSocket(address.path);
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.accept(socket, tls),
    );
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
    if (this.connections.size >= this.options.maxConnections) {
      socket.destroy();
      return;
    }
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const connection = new Connection(socket, this.host, tls);
    this.connections.add(connection);
    void connection.gone.then(() => this.connections.delete(connection));
  }

  private hostOfConnections(): ConnectionHost {
    const { exports, options, credentials } = this;
    return {
      credentials,
      pool: new BufferPool(),
      handshakeTimeoutMs: options.handshakeTimeoutMs,
      drainTimeoutMs: options.drainTimeoutMs,
      find: (name) => exports.get(name === '' ? options.defaultExport : name),
      list: () => exports.values(),
      allowance: (held) => {
        // when memory is short each connection still moves, one request at a time
        const crowded = this.inFlightBytes >= options.maxTotalInFlightBytes;
        return crowded ? -held || 1 : options.maxInFlightBytes - held;
      },
      accountBytes: (delta) => {
        this.inFlightBytes += delta;
      },
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
