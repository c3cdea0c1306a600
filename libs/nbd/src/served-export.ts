/** An export under its name while a server has it: who is connected, and what went through. */

import { admits, type Peer } from './access.ts';
import type { NbdExport } from './export.ts';
import { Command } from './protocol.ts';
import type { Request } from './session-decoder.ts';

/** Counters since the export was added. */
export interface ExportStats {
  readonly connections: number;
  readonly requests: number;
  readonly errors: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** A connection in the transmission phase, as its export sees it. */
export interface ExportConnection {
  /** Answers what is in flight, then ends; resolves when it is gone. */
  drain(): Promise<void>;
}

export class ServedExport {
  readonly connections = new Set<ExportConnection>();
  private requests = 0;
  private errors = 0;
  private readBytes = 0;
  private writtenBytes = 0;

  constructor(
    readonly name: string,
    readonly target: NbdExport,
    /** Rules on certificates, of which one must fit; everyone is admitted without them. */
    private readonly allow?: readonly string[],
  ) {}

  admits(peer: Peer): boolean {
    return admits(this.allow, peer);
  }

  get stats(): ExportStats {
    const { requests, errors, readBytes, writtenBytes } = this;
    return { connections: this.connections.size, requests, errors, readBytes, writtenBytes };
  }

  count({ command, length }: Request): void {
    this.requests += 1;
    if (command === Command.Read) this.readBytes += length;
    else if (command === Command.Write) this.writtenBytes += length;
  }

  countError(): void {
    this.requests += 1;
    this.errors += 1;
  }

  async drain(): Promise<void> {
    await Promise.all([...this.connections].map((connection) => connection.drain()));
  }
}
