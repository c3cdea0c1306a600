/** Jobs that fill a zone, finish it if asked, reset it and go on to the next: the life of a zone, over and over. */
import { ZoneState } from '@zonelab/qcow2-zoned';
import { type Command, Op } from '../device/command.ts';
import { type Span, zoneCapacity, zoneStart } from '../device/zone-layout.ts';
import type { Generator, HostView } from './generator.ts';
import { ZoneClaims } from './zone-claims.ts';

export interface ResetChurnOptions {
  readonly span: Span;
  readonly jobs: number;
  readonly blockSize: number;
  readonly fill: number;
  readonly finish: boolean;
}

/** What a job does next with its zone. */
const Step = { Clean: 0, Fill: 1, Finish: 2, Reset: 3, Leave: 4 } as const;
type Step = (typeof Step)[keyof typeof Step];

export class ResetChurn implements Generator {
  private readonly claims: ZoneClaims;
  private readonly steps: Uint8Array;

  constructor(
    private readonly view: HostView,
    private readonly options: ResetChurnOptions,
  ) {
    this.claims = new ZoneClaims(view.device, options.span, options.jobs);
    this.steps = new Uint8Array(options.jobs).fill(Step.Leave);
  }

  next(job: number, command: Command): boolean {
    for (;;) {
      const zone = this.claims.zoneOf(job);
      switch (this.steps[job] as Step) {
        case Step.Leave:
          if (this.claims.claimNext(job) < 0) return false;
          this.steps[job] = Step.Clean;
          break;
        case Step.Clean:
          if (this.isClean(zone)) this.steps[job] = Step.Fill;
          else return this.manage(job, Op.Reset, zone, command, Step.Clean);
          break;
        case Step.Fill:
          if (this.view.managed[zone] === 1) return false;
          if (!this.isFilled(zone)) return this.write(zone, command);
          this.steps[job] = this.options.finish ? Step.Finish : Step.Reset;
          break;
        case Step.Finish:
          return this.manage(job, Op.Finish, zone, command, Step.Reset);
        case Step.Reset:
          return this.manage(job, Op.Reset, zone, command, Step.Leave);
      }
    }
  }

  private isClean(zone: number): boolean {
    const { device } = this.view;
    return device.occupied(zone) === 0 && device.state(zone) !== ZoneState.Full;
  }

  /** At least one block, at most what fits in whole blocks. */
  private isFilled(zone: number): boolean {
    const { blockSize, fill } = this.options;
    const capacity = zoneCapacity(this.view.device.geometry, zone);
    const target = Math.max(1, Math.floor((capacity * fill) / blockSize)) * blockSize;
    return this.view.device.occupied(zone) >= target;
  }

  private write(zone: number, command: Command): boolean {
    command.op = Op.Write;
    command.zoneIndex = zone;
    command.offset = this.view.device.writePointer(zone);
    command.length = this.options.blockSize;
    return true;
  }

  /** A host lets the zone's writes, and its other management, complete first. */
  private manage(job: number, op: Op, zone: number, command: Command, then: Step): boolean {
    if (this.view.writesInFlight[zone] !== 0 || this.view.managed[zone] === 1) return false;
    command.op = op;
    command.zoneIndex = zone;
    command.offset = zoneStart(this.view.device.geometry, zone);
    command.length = 0;
    this.steps[job] = then;
    return true;
  }
}
