/**
 * Clients that know what they were promised. What was flushed must be there whatever is killed; what was only answered
 * may be lost with the gateway, but then the disk is as it was before; nothing else may be read at any time.
 */

import { NbdClient, NbdError } from '@zonelab/nbd';

const KIB = 1024;
const BLOCK = 4 * KIB;

export type Random = () => number;

/** Where a client works: a part of a disk that is its own. All in bytes. */
export interface Ground {
  readonly uri: string;
  readonly start: number;
  readonly size: number;
  /** Of the disk, so that no two places ever hold the same. */
  readonly salt: number;
}

/** What drives the clients, and tells them when the gateway is there again. */
export interface Stage {
  readonly random: Random;
  /** Resolves once the gateway serves. */
  served(): Promise<void>;
  over(): boolean;
}

/** Marsaglia's xorshift32 from place and version. */
function fill(target: Buffer, place: number, version: number): void {
  let state = (Math.imul(place, 0x9e3779b1) ^ Math.imul(version, 0x85ebca6b)) >>> 0 || 1;
  const words = new Uint32Array(target.buffer, target.byteOffset, target.length / 4);
  for (let index = 0; index < words.length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
}

abstract class SoakClient {
  /** Requests answered, and times that it connected. */
  requests = 0;
  sessions = 0;
  private client: NbdClient | undefined;
  private readonly scratch = Buffer.alloc(BLOCK);

  constructor(
    protected readonly ground: Ground,
    protected readonly stage: Stage,
  ) {}

  /** Cut off from outside, as if its process had been killed. */
  kill(): void {
    this.client?.abandon();
  }

  /** Connects, checks what is left, works until it is cut off; and again, until the time is over. */
  async live(): Promise<void> {
    while (!this.stage.over()) await this.session(() => this.work());
  }

  private async session(work: () => Promise<void>): Promise<void> {
    await this.stage.served();
    try {
      this.client = await NbdClient.connect(this.ground.uri, { contexts: ['x-zonelab:zones'] });
      this.sessions += 1;
      await this.reconcile();
      await work();
      await this.client.disconnect();
    } catch (error) {
      if (!isCutOff(error)) throw error;
    } finally {
      this.client?.abandon();
    }
  }

  protected get nbd(): NbdClient {
    if (this.client === undefined) throw new Error('not connected');
    return this.client;
  }

  protected abstract reconcile(): Promise<void>;
  protected abstract work(): Promise<void>;

  protected below(limit: number): number {
    return Math.floor(this.stage.random() * limit);
  }

  /** What block `index` of the ground holds in a version; version 0 is zeroes. */
  protected content(index: number, version: number): Buffer {
    if (version === 0) return this.scratch.fill(0);
    fill(this.scratch, this.ground.salt * 65_536 + index, version);
    return this.scratch;
  }

  protected data(first: number, versions: readonly number[]): Buffer {
    return Buffer.concat(
      versions.map((version, i) => Buffer.from(this.content(first + i, version))),
    );
  }
}

function isCutOff(error: unknown): boolean {
  const codes = ['disconnected', 'ESHUTDOWN', 'option_refused'];
  return error instanceof NbdError && codes.includes(error.code);
}

/** Random writes, zeroes, reads and flushes in a conventional zone, several at a time. */
export class RandomClient extends SoakClient {
  private readonly blocks = this.ground.size / BLOCK;
  /** Versions that each block may have: the flushed one first, then those written since. */
  private readonly may: number[][] = Array.from({ length: this.blocks }, () => [0]);
  private version = 0;

  protected async reconcile(): Promise<void> {
    const bytes = await this.nbd.read(this.ground.start, this.ground.size);
    const found = this.may.map((versions, index) => {
      const block = bytes.subarray(index * BLOCK, (index + 1) * BLOCK);
      const version = versions.find((one) => block.equals(this.content(index, one)));
      if (version === undefined) throw this.wrong(index, block);
      return version;
    });
    // until it is flushed the gateway may still lose it
    found.forEach((version, index) => void this.may[index]?.push(version));
    await this.flush();
  }

  protected async work(): Promise<void> {
    while (!this.stage.over()) {
      // side by side in stripes, so that no two requests in flight meet
      const stripe = this.blocks / 8;
      await Promise.all(Array.from({ length: 8 }, (_, lane) => this.step(lane * stripe, stripe)));
      if (this.stage.random() < 0.2) await this.flush();
    }
  }

  private async step(from: number, count: number): Promise<void> {
    const first = from + this.below(count);
    const length = 1 + this.below(Math.min(16, from + count - first));
    const kind = this.stage.random();
    if (kind < 0.35) await this.check(first, length);
    else if (kind < 0.45) await this.zero(first, length);
    else await this.write(first, length);
    this.requests += 1;
  }

  private async write(first: number, length: number): Promise<void> {
    this.version += 1;
    const versions = Array.from({ length }, () => this.version);
    this.expect(first, versions);
    await this.nbd.write(this.at(first), this.data(first, versions));
  }

  private async zero(first: number, length: number): Promise<void> {
    const versions = Array.from({ length }, () => 0);
    this.expect(first, versions);
    await this.nbd.writeZeroes(this.at(first), length * BLOCK);
  }

  /** Every block has the version that was answered last. */
  private async check(first: number, length: number): Promise<void> {
    const bytes = await this.nbd.read(this.at(first), length * BLOCK);
    for (let i = 0; i < length; i += 1) {
      const found = bytes.subarray(i * BLOCK, (i + 1) * BLOCK);
      const last = this.may[first + i]?.at(-1) ?? 0;
      if (!found.equals(this.content(first + i, last))) throw this.wrong(first + i, found);
    }
  }

  private async flush(): Promise<void> {
    const written = this.may.map((versions) => versions.at(-1) ?? 0);
    await this.nbd.flush();
    written.forEach((version, index) => {
      this.may[index] = [version];
    });
  }

  private expect(first: number, versions: readonly number[]): void {
    versions.forEach((version, i) => void this.may[first + i]?.push(version));
  }

  private at(index: number): number {
    return this.ground.start + index * BLOCK;
  }

  private wrong(index: number, found: Buffer): Error {
    const may = this.may[index]?.join(', ');
    return new Error(
      `${this.ground.uri} at ${this.at(index)}: no version of ${may}: ${found.toString('hex', 0, 16)}`,
    );
  }
}

/** Appends to a sequential zone, reads back, and resets it when it is full. */
export class AppendingClient extends SoakClient {
  /** Counts resets; one that was not answered may or may not have happened. */
  private generation = 1;
  private resetting = false;
  /** Blocks from the start: flushed, and sent. */
  private flushed = 0;
  private sent = 0;
  private readonly blocks = this.ground.size / BLOCK;

  protected async reconcile(): Promise<void> {
    const { start, size, uri } = this.ground;
    const extents = await this.nbd.blockStatus(start, size);
    const status = extents.get('x-zonelab:zones') ?? [];
    const written =
      status.reduce((sum, one) => sum + (one.status & 256 ? one.length : 0), 0) / BLOCK;
    if (this.resetting && written < this.flushed) {
      this.generation += 1;
      this.flushed = 0;
      this.sent = 0;
    }
    if (written < this.flushed || written > this.sent) {
      throw new Error(
        `${uri} zone at ${start}: write pointer after ${written} blocks, flushed ${this.flushed}, sent ${this.sent}`,
      );
    }
    this.resetting = false;
    this.sent = written;
    for (let at = 0; at < written; at += 64) await this.check(at, Math.min(64, written - at));
  }

  protected async work(): Promise<void> {
    while (!this.stage.over()) {
      if (this.sent === this.blocks) await this.reset();
      await this.append();
      if (this.stage.random() < 0.2) await this.check(this.below(this.sent), 1);
    }
  }

  /** A few writes in a row in flight on this connection, the last of them durable. */
  private async append(): Promise<void> {
    const writes: Promise<void>[] = [];
    for (let i = 0; i < 8 && this.sent < this.blocks; i += 1) {
      const count = Math.min(1 + this.below(32), this.blocks - this.sent);
      const data = this.data(
        this.sent,
        Array.from({ length: count }, () => this.generation),
      );
      const at = this.ground.start + this.sent * BLOCK;
      this.sent += count;
      writes.push(this.nbd.write(at, data, { fua: i === 7 }));
    }
    await Promise.all(writes);
    this.requests += writes.length;
    if (writes.length < 8) await this.nbd.flush();
    this.flushed = this.sent;
  }

  private async reset(): Promise<void> {
    this.resetting = true;
    await this.nbd.writeZeroes(this.ground.start, this.ground.size);
    await this.nbd.flush();
    this.resetting = false;
    this.generation += 1;
    this.flushed = 0;
    this.sent = 0;
    this.requests += 1;
  }

  private async check(first: number, count: number): Promise<void> {
    const found = await this.nbd.read(this.ground.start + first * BLOCK, count * BLOCK);
    const wanted = this.data(
      first,
      Array.from({ length: count }, () => this.generation),
    );
    this.requests += 1;
    if (!found.equals(wanted)) {
      throw new Error(
        `${this.ground.uri} zone at ${this.ground.start}: block ${first} of ${this.generation} differs`,
      );
    }
  }
}
