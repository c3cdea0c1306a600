/** Jobs that give commands on zones as fast as the device answers them. */
import { ZoneState } from '@zonelab/qcow2-zoned';
import { type Command, Op } from '../device/command.ts';
import { type Span, zoneCapacity, zoneStart } from '../device/zone-layout.ts';
import type { Generator, HostView } from './generator.ts';

/** Resets one zone after the other, whatever it holds. */
export class ResetStorm implements Generator {
  private cursor = 0;

  constructor(
    private readonly view: HostView,
    private readonly span: Span,
  ) {}

  next(_job: number, command: Command): boolean {
    const zone = this.span.first + this.cursor;
    if (!isAtRest(this.view, zone)) return false;
    this.cursor = (this.cursor + 1) % this.span.count;
    manage(command, this.view, Op.Reset, zone);
    return true;
  }
}

/** Writes a block to a zone, finishes it, goes on; a full zone is reset first. Job n begins with the n-th zone. */
export class FinishStorm implements Generator {
  private readonly zones: Int32Array;

  constructor(
    private readonly view: HostView,
    private readonly span: Span,
    private readonly jobs: number,
    private readonly blockSize: number,
  ) {
    this.zones = Int32Array.from({ length: jobs }, (_, job) => span.first + job);
  }

  next(job: number, command: Command): boolean {
    const { device } = this.view;
    const zone = this.zones[job] as number;
    if (!isAtRest(this.view, zone)) return false;
    if (device.state(zone) === ZoneState.Full) manage(command, this.view, Op.Reset, zone);
    else if (device.occupied(zone) > 0) {
      manage(command, this.view, Op.Finish, zone);
      const place = (zone - this.span.first + this.jobs) % this.span.count;
      this.zones[job] = this.span.first + place;
    } else {
      command.op = Op.Write;
      command.zoneIndex = zone;
      command.offset = device.writePointer(zone);
      command.length = Math.min(this.blockSize, zoneCapacity(device.geometry, zone));
    }
    return true;
  }
}

function isAtRest(view: HostView, zone: number): boolean {
  return view.writesInFlight[zone] === 0 && view.managed[zone] === 0;
}

function manage(command: Command, view: HostView, op: Op, zone: number): void {
  command.op = op;
  command.zoneIndex = zone;
  command.offset = zoneStart(view.device.geometry, zone);
  command.length = 0;
}
