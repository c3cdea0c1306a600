/** What the page knows of every zone of an image, as arrays: 100,000 zones take some 2 MB, and a change of one costs nothing. */

import type { Zone } from '@zonelab/contracts';
import { CONDITIONS, indexOfCondition } from './conditions.ts';

export class ZoneTable {
  /** Index into CONDITIONS. */
  readonly conditions: Uint8Array;
  /** Bytes behind the write pointer: 0 to capacity. */
  readonly written: Float64Array;
  readonly capacities: Float64Array;
  readonly sizes: Float64Array;
  readonly resets: Uint32Array;
  /** 1 where the zone has been told of. */
  readonly known: Uint8Array;
  /** Zones of each condition, in the order of CONDITIONS. */
  readonly counts: number[] = CONDITIONS.map(() => 0);
  mostResets = 0;
  knownCount = 0;
  #version = 0;
  /** Version in which the zone was last told of as it changed. */
  readonly #told: Uint32Array;
  readonly #listeners = new Set<() => void>();

  constructor(
    readonly zoneCount: number,
    /** Bytes; the last zone may be smaller. */
    readonly zoneSize: number,
  ) {
    this.conditions = new Uint8Array(zoneCount);
    this.written = new Float64Array(zoneCount);
    this.capacities = new Float64Array(zoneCount);
    this.sizes = new Float64Array(zoneCount);
    this.resets = new Uint32Array(zoneCount);
    this.known = new Uint8Array(zoneCount);
    this.#told = new Uint32Array(zoneCount);
  }

  /** Takes zones as they changed, and tells listeners once. */
  take(zones: readonly Zone[]): void {
    this.#version++;
    for (const zone of zones) {
      if (zone.index >= this.zoneCount) continue;
      this.#take(zone);
      this.#told[zone.index] = this.#version;
    }
    this.#tell();
  }

  /** Takes zones of a report that was asked for in a version of the table: what changed since is newer. */
  takeReport(zones: readonly Zone[], askedIn: number): void {
    this.#version++;
    for (const zone of zones) {
      if (zone.index >= this.zoneCount) continue;
      if ((this.#told[zone.index] as number) <= askedIn) this.#take(zone);
    }
    this.#tell();
  }

  /** As the API would report it now. */
  zone(index: number): Zone {
    const start = index * this.zoneSize;
    const size = this.sizes[index] as number;
    const condition = CONDITIONS[this.conditions[index] as number] ?? 'empty';
    return {
      index,
      type: condition === 'not-wp' ? 'conventional' : 'sequential',
      condition,
      start,
      size,
      capacity: this.capacities[index] as number,
      writePointer: condition === 'full' ? start + size : start + (this.written[index] as number),
      resetCount: this.resets[index] as number,
    };
  }

  /** Share of the zone's capacity that is written. */
  fill(index: number): number {
    const capacity = this.capacities[index] as number;
    return capacity === 0 ? 0 : Math.min(1, (this.written[index] as number) / capacity);
  }

  get version(): number {
    return this.#version;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #take(zone: Zone): void {
    const { index, condition, start, capacity, size, writePointer, resetCount } = zone;
    const code = indexOfCondition(condition);
    if (this.known[index] === 1) this.#count(this.conditions[index] as number, -1);
    else this.knownCount++;
    this.#count(code, 1);
    this.known[index] = 1;
    this.conditions[index] = code;
    const behind = condition === 'full' ? capacity : writePointer - start;
    this.written[index] = condition === 'not-wp' ? 0 : Math.max(0, Math.min(capacity, behind));
    this.capacities[index] = capacity;
    this.sizes[index] = size;
    this.resets[index] = resetCount;
    this.mostResets = Math.max(this.mostResets, resetCount);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #count(code: number, by: number): void {
    this.counts[code] = (this.counts[code] as number) + by;
  }
}
