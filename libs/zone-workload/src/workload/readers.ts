/** Jobs that read: anywhere, or only what has been written. Every job draws from a random stream of its own. */

import type { Distribution } from '../definition.ts';
import { type Command, Op } from '../device/command.ts';
import type { SimulatedDevice } from '../device/simulated-device.ts';
import { type Span, zoneCapacity, zoneStart } from '../device/zone-layout.ts';
import type { Random } from '../random.ts';
import { createDraw, type Draw } from './distribution.ts';
import type { Generator } from './generator.ts';

/** The capacity of one zone after the other, round and round. Job n begins with the n-th of as many equal parts. */
export class SequentialReader implements Generator {
  private readonly zones: Int32Array;
  private readonly places: Float64Array;

  constructor(
    private readonly device: SimulatedDevice,
    private readonly span: Span,
    private readonly blockSize: number,
    jobs: number,
  ) {
    this.zones = Int32Array.from({ length: jobs }, (_, job) =>
      Math.floor((job * span.count) / jobs),
    );
    this.places = new Float64Array(jobs);
  }

  next(job: number, command: Command): boolean {
    const zone = this.span.first + (this.zones[job] as number);
    const place = this.places[job] as number;
    fillRead(command, this.device, zone, place, this.blockSize);
    this.places[job] = place + this.blockSize;
    if (place + 2 * this.blockSize > zoneCapacity(this.device.geometry, zone)) {
      this.places[job] = 0;
      this.zones[job] = ((this.zones[job] as number) + 1) % this.span.count;
    }
    return true;
  }
}

/** Blocks over the capacity of the span, written or not: a zone is drawn, then one of its blocks, uniformly. */
export class RandomReader implements Generator {
  constructor(
    private readonly device: SimulatedDevice,
    private readonly span: Span,
    private readonly blockSize: number,
    private readonly streams: readonly Random[],
    private readonly draw: Draw = createDraw({ kind: 'uniform' }, span.count),
  ) {}

  next(job: number, command: Command): boolean {
    const random = this.streams[job] as Random;
    const zone = this.span.first + this.draw(random);
    const blocks = Math.floor(zoneCapacity(this.device.geometry, zone) / this.blockSize);
    fillRead(command, this.device, zone, random.below(blocks) * this.blockSize, this.blockSize);
    return true;
  }
}

/** A zone that holds at least one block; then one of its whole blocks, uniformly. */
export class BelowWpReader implements Generator {
  /** Zones that held a block when last looked at; stale ones are dropped as they are drawn. */
  private readonly readable: number[] = [];
  private readonly listed: Uint8Array;
  /** Draws a place in `readable`, and for how many places it was made. */
  private draw: Draw | undefined;
  private drawn = 0;

  constructor(
    private readonly device: SimulatedDevice,
    private readonly span: Span,
    private readonly blockSize: number,
    private readonly streams: readonly Random[],
    private readonly distribution: Distribution = { kind: 'uniform' },
  ) {
    this.listed = new Uint8Array(span.count);
    for (let zone = span.first; zone < span.first + span.count; zone++) this.written(zone);
  }

  /** Call after a write to the zone, so that it is read from too. */
  written(zone: number): void {
    const place = zone - this.span.first;
    if (this.listed[place] === 1 || this.blocksIn(zone) === 0) return;
    this.listed[place] = 1;
    this.readable.push(zone);
  }

  /** False while nothing is written. */
  next(job: number, command: Command): boolean {
    const random = this.streams[job] as Random;
    while (this.readable.length > 0) {
      const drawn = this.place(random);
      const zone = this.readable[drawn] as number;
      const blocks = this.blocksIn(zone);
      if (blocks > 0) {
        fillRead(command, this.device, zone, random.below(blocks) * this.blockSize, this.blockSize);
        return true;
      }
      this.readable[drawn] = this.readable[this.readable.length - 1] as number;
      this.readable.length--;
      this.listed[zone - this.span.first] = 0;
    }
    return false;
  }

  private place(random: Random): number {
    if (!this.draw || this.drawn !== this.readable.length) {
      this.drawn = this.readable.length;
      this.draw = createDraw(this.distribution, this.drawn);
    }
    return this.draw(random);
  }

  private blocksIn(zone: number): number {
    return Math.floor(this.device.occupied(zone) / this.blockSize);
  }
}

function fillRead(
  command: Command,
  device: SimulatedDevice,
  zone: number,
  offsetInZone: number,
  length: number,
): void {
  command.op = Op.Read;
  command.zoneIndex = zone;
  command.offset = zoneStart(device.geometry, zone) + offsetInZone;
  command.length = length;
}
