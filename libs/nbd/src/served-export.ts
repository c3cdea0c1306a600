/** An export under its name while a server has it: who is connected, what went through, and how fast it may. */

import { admits, type Peer } from './access.ts';
import type { NbdError } from './errors.ts';
import type { NbdExport } from './export.ts';
import { Latencies, type LatencyCounts } from './histogram.ts';
import { MAX_EXPORT_CONNECTIONS } from './limits.ts';
import { Command } from './protocol.ts';
import type { Request } from './session-decoder.ts';
import { type Rates, Throttle } from './throttle.ts';

export interface ExportOptions {
  /** Certificates of clients that may use the export, such as `CN=alice`; one must fit. Everyone without it. */
  allow?: readonly string[];
  /** Connections at a time. */
  maxConnections?: number;
  rates?: Rates;
}

/** Kinds of requests that latencies are counted for. */
export type RequestKind = 'read' | 'write' | 'flush' | 'other';

/** Counters since the export was added. */
export interface ExportStats {
  readonly connections: number;
  readonly requests: number;
  readonly errors: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Requests that the export has not answered yet. */
  readonly inFlight: number;
  /** Memory held by requests and by replies that have not left. */
  readonly heldBytes: number;
  /** Refused and failed requests by what refused them: a device's identity, or the errno's name. */
  readonly errorsBy: Readonly<Record<string, number>>;
  readonly latencies: Readonly<Record<RequestKind, LatencyCounts>>;
}

/** A connection in the transmission phase, as its export sees it. */
export interface ExportConnection {
  /** Requests that the export has not answered yet. */
  readonly waiting: number;
  /** Answers what is in flight, then ends; resolves when it is gone. */
  drain(): Promise<void>;
  /** May take requests again that it had to leave where they were. */
  resume(): void;
}

export class ServedExport {
  readonly connections = new Set<ExportConnection>();
  /** Memory that its connections hold. */
  heldBytes = 0;
  private requests = 0;
  private errors = 0;
  private readBytes = 0;
  private writtenBytes = 0;
  private readonly errorsBy = new Map<string, number>();
  private readonly latencies: Record<RequestKind, Latencies> = {
    read: new Latencies(),
    write: new Latencies(),
    flush: new Latencies(),
    other: new Latencies(),
  };
  private throttle: Throttle | undefined;
  /** Connections that wait for the throttle, the longest waiting first. */
  private readonly throttled = new Set<ExportConnection>();
  /** The one that is being woken; the others stay behind it. */
  private turnOf: ExportConnection | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    readonly name: string,
    readonly target: NbdExport,
    private readonly options: ExportOptions = {},
    private readonly now: () => number = () => performance.now(),
  ) {
    this.setRates(options.rates ?? {});
  }

  admits(peer: Peer): boolean {
    return admits(this.options.allow, peer);
  }

  hasRoom(): boolean {
    return this.connections.size < (this.options.maxConnections ?? MAX_EXPORT_CONNECTIONS);
  }

  setRates(rates: Rates): void {
    const limited = rates.iops !== undefined || rates.bytesPerSecond !== undefined;
    this.throttle = limited ? new Throttle(rates, this.now) : undefined;
    this.wake();
  }

  /** Whether `connection` must leave its next request where it is; it is woken when that changes. */
  mustWait(connection: ExportConnection): boolean {
    if (this.throttle === undefined) return false;
    const delay = this.throttle.delay();
    const first = this.throttled.size === 0 || this.turnOf === connection;
    if (delay === 0 && first) return false;
    this.throttled.add(connection);
    this.timer ??= setTimeout(() => this.wake(), Math.ceil(delay));
    return true;
  }

  /** Told of each request before it is looked at. */
  charge({ command, length }: Request): void {
    if (this.throttle === undefined) return;
    this.throttle.take(command === Command.Read || command === Command.Write ? length : 0);
  }

  /** Each that waits gets its turn in order; who still has to wait goes to the end of the queue. */
  private wake(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const connection of [...this.throttled]) {
      if ((this.throttle?.delay() ?? 0) > 0) {
        this.mustWait(connection);
        return;
      }
      this.throttled.delete(connection);
      this.turnOf = connection;
      connection.resume();
      this.turnOf = undefined;
    }
  }

  leave(connection: ExportConnection): void {
    this.connections.delete(connection);
    this.throttled.delete(connection);
    if (this.throttled.size > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  get stats(): ExportStats {
    const { requests, errors, readBytes, writtenBytes, heldBytes, latencies } = this;
    let inFlight = 0;
    for (const { waiting } of this.connections) inFlight += waiting;
    return {
      connections: this.connections.size,
      requests,
      errors,
      readBytes,
      writtenBytes,
      inFlight,
      heldBytes,
      errorsBy: Object.fromEntries(this.errorsBy),
      latencies: {
        read: latencies.read.counts,
        write: latencies.write.counts,
        flush: latencies.flush.counts,
        other: latencies.other.counts,
      },
    };
  }

  /** @param since when the request was taken up, by `performance.now()` */
  count({ command, length }: Request, since: number): void {
    this.requests += 1;
    if (command === Command.Read) this.readBytes += length;
    else if (command === Command.Write) this.writtenBytes += length;
    this.latencies[kindOf(command)].add(performance.now() - since);
  }

  countError(error: NbdError): void {
    this.requests += 1;
    this.errors += 1;
    const identity = error.context.identity ?? error.code;
    this.errorsBy.set(identity, (this.errorsBy.get(identity) ?? 0) + 1);
  }

  async drain(): Promise<void> {
    await Promise.all([...this.connections].map((connection) => connection.drain()));
  }
}

function kindOf(command: number): RequestKind {
  if (command === Command.Read) return 'read';
  if (command === Command.Write) return 'write';
  return command === Command.Flush ? 'flush' : 'other';
}
