/** Which job writes which zone. Zones go round in order; jobs share one only when there are fewer zones than jobs. */
import { ZoneState } from '@zonelab/qcow2-zoned';
import type { SimulatedDevice } from '../device/simulated-device.ts';
import type { Span } from '../device/zone-layout.ts';

const NONE = -1;

export class ZoneClaims {
  private readonly zones: Int32Array;
  private readonly holders: Uint32Array;
  private readonly shared: boolean;
  private cursor = 0;

  constructor(
    private readonly device: SimulatedDevice,
    private readonly span: Span,
    jobs: number,
  ) {
    this.zones = new Int32Array(jobs).fill(NONE);
    this.holders = new Uint32Array(span.count);
    this.shared = jobs > span.count;
  }

  /** The zone that a job writes, or -1 before its first claim. */
  zoneOf(job: number): number {
    return this.zones[job] as number;
  }

  /** Moves the job on to the next zone that it may write: its index, or -1 when there is none. */
  claimNext(job: number): number {
    this.release(job);
    for (let tried = 0; tried < this.span.count; tried++) {
      const place = this.cursor;
      this.cursor = (this.cursor + 1) % this.span.count;
      const zone = this.span.first + place;
      if (!this.shared && this.holders[place] !== 0) continue;
      if (!isWritable(this.device.state(zone))) continue;
      this.holders[place] = (this.holders[place] as number) + 1;
      this.zones[job] = zone;
      return zone;
    }
    return NONE;
  }

  private release(job: number): void {
    const zone = this.zones[job] as number;
    if (zone === NONE) return;
    const place = zone - this.span.first;
    this.holders[place] = (this.holders[place] as number) - 1;
    this.zones[job] = NONE;
  }
}

function isWritable(state: ZoneState): boolean {
  return state !== ZoneState.ReadOnly && state !== ZoneState.Offline;
}
