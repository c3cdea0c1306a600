/** Jobs that write every zone of a span to its end, once. */
import { ZoneState } from '@zonelab/qcow2-zoned';
import { type Command, Op } from '../device/command.ts';
import { type Span, zoneCapacity } from '../device/zone-layout.ts';
import type { Generator, HostView } from './generator.ts';

const NONE = -1;

export class Fill implements Generator {
  private readonly zones: Int32Array;
  private cursor = 0;
  private finishedJobs = 0;

  constructor(
    private readonly view: HostView,
    private readonly span: Span,
    jobs: number,
    private readonly blockSize: number,
  ) {
    this.zones = new Int32Array(jobs).fill(NONE);
  }

  get done(): boolean {
    return this.finishedJobs === this.zones.length;
  }

  get progress(): number {
    return this.cursor / this.span.count;
  }

  next(job: number, command: Command): boolean {
    const { device } = this.view;
    let zone = this.zones[job] as number;
    while (zone === NONE || device.state(zone) >= ZoneState.ReadOnly) {
      if (zone === this.span.first + this.span.count) return false;
      if (this.cursor === this.span.count) {
        this.zones[job] = this.span.first + this.span.count;
        this.finishedJobs++;
        return false;
      }
      zone = this.span.first + this.cursor++;
      this.zones[job] = zone;
    }
    const left = zoneCapacity(device.geometry, zone) - device.occupied(zone);
    command.op = Op.Write;
    command.zoneIndex = zone;
    command.offset = device.writePointer(zone);
    command.length = Math.min(left, this.blockSize);
    return true;
  }
}
