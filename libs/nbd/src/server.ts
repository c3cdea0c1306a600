/** The server: exports by name, listeners on TCP and unix sockets, and the bounds over all connections. */

import { createServer, type Server, type Socket } from 'node:net';
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
import { type ExportStats, ServedExport } from './served-export.ts';
import { removeStaleSocket } from './stale-socket.ts';

export interface NbdServerOptions {
  /** Export that the empty name stands for; none without it. */
  defaultExport?: string;
  maxConnections?: number;
  maxInFlightBytes?: number;
  maxTotalInFlightBytes?: number;
  handshakeTimeoutMs?: number;
  drainTimeoutMs?: number;
  /** Told of errors that are not `NbdError`: faults of an export or of this server. */
  onUnexpected?: (error: unknown) => void;
}

/** TCP with port 0 for any free one, or a unix socket. */
export type ListenAddress = { host: string; port: number } | { path: string };

export class NbdServer {
  private readonly exports = new Map<string, ServedExport>();
  private readonly listeners = new Set<Server>();
  private readonly connections = new Set<Connection>();
  private readonly options: Required<NbdServerOptions>;
  private readonly host: ConnectionHost;
  private inFlightBytes = 0;

  constructor(options: NbdServerOptions = {}) {
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
   * @throws NbdError `invalid_option` for a name in use or too long, or block sizes that the protocol forbids
   */
  addExport(name: string, target: NbdExport): void {
    const bytes = Buffer.byteLength(name);
    if (bytes > MAX_STRING_BYTES || name.includes('\0')) {
      throw invalidOption('name', `${bytes} bytes`, `up to ${MAX_STRING_BYTES} bytes without NUL`);
    }
    if (this.exports.has(name)) throw invalidOption('name', name, 'a name not in use');
    checkBlockSizes(target);
    this.exports.set(name, new ServedExport(name, target));
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
   */
  async listen(address: ListenAddress): Promise<ListenAddress> {
    if ('path' in address) await removeStaleSocket(address.path);
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.accept(socket),
    );
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

  private accept(socket: Socket): void {
    if (this.connections.size >= this.options.maxConnections) {
      socket.destroy();
      return;
    }
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const connection = new Connection(socket, this.host);
    this.connections.add(connection);
    void connection.gone.then(() => this.connections.delete(connection));
  }

  private hostOfConnections(): ConnectionHost {
    const { exports, options } = this;
    return {
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
