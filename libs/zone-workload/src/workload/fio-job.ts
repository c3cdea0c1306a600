/**
 * Jobs with fio's meaning of `zonemode=zbd`: a write goes to the write pointer of the zone that was chosen; a full zone
 * is reset first; a rest smaller than the block size is finished; where `max_open_zones` would be passed, an
 * open zone is written instead; reads stay below the write pointer unless told otherwise; a trim resets the zone.
 */
import { ZoneState } from '@zonelab/qcow2-zoned';
import { type Command, Op } from '../device/command.ts';
import { type Span, zoneCapacity, zoneStart } from '../device/zone-layout.ts';
import type { Random } from '../random.ts';
import { createDraw, type Draw } from './distribution.ts';
import type { FioJobOptions } from './fio-options.ts';
import type { Generator, HostView } from './generator.ts';
import { BelowWpReader, RandomReader } from './readers.ts';

const NONE = -1;

export class FioJob implements Generator {
  private readonly zones: Int32Array;
  /** 1 while a job has come to its zone and not yet written it: if it is full, it is an old one to reset. */
  private readonly fresh: Uint8Array;
  /** Bytes that each job still has to move. */
  private readonly left: Float64Array;
  /** What each job has to do first: a zone to reset or to finish, once its writes are through. */
  private readonly dueZone: Int32Array;
  private readonly dueOp: Uint8Array;
  /** Where sequential readers are in their zone. */
  private readonly readPlaces: Float64Array;
  private readonly readZones: Int32Array;
  private readonly below: BelowWpReader;
  private readonly anywhere: RandomReader;
  private readonly draw: Draw;
  private readonly openPerJob: readonly Set<number>[];
  private writes = 0;
  private lastWritten = NONE;
  private unfinishedJobs: number;

  constructor(
    private readonly view: HostView,
    private readonly options: FioJobOptions,
    private readonly span: Span,
    private readonly jobs: number,
    private readonly blockSize: number,
    private readonly randoms: readonly Random[],
  ) {
    this.zones = new Int32Array(jobs).fill(span.first);
    this.fresh = new Uint8Array(jobs).fill(1);
    this.left = new Float64Array(jobs).fill(options.bytesPerJob);
    this.dueZone = new Int32Array(jobs).fill(NONE);
    this.dueOp = new Uint8Array(jobs);
    this.readPlaces = new Float64Array(jobs);
    this.readZones = new Int32Array(jobs).fill(span.first);
    this.draw = createDraw(options.distribution, span.count);
    this.below = new BelowWpReader(view.device, span, blockSize, randoms, options.distribution);
    this.anywhere = new RandomReader(view.device, span, blockSize, randoms, this.draw);
    this.openPerJob = Array.from({ length: jobs }, () => new Set<number>());
    this.unfinishedJobs = jobs;
  }

  get done(): boolean {
    return this.unfinishedJobs === 0;
  }

  get progress(): number {
    const total = this.options.bytesPerJob * this.jobs;
    return 1 - this.left.reduce((sum, bytes) => sum + bytes, 0) / total;
  }

  next(job: number, command: Command): boolean {
    if (this.lastWritten !== NONE) this.below.written(this.lastWritten);
    this.lastWritten = NONE;
    if ((this.left[job] as number) < this.blockSize) return false;
    const { direction, readShare } = this.options;
    const waits = this.dueZone[job] !== NONE;
    const reads =
      direction === 'read' ||
      (direction === 'mixed' && !waits && (this.randoms[job] as Random).unit() < readShare);
    const given =
      direction === 'trim'
        ? this.trim(job, command)
        : reads
          ? this.read(job, command)
          : this.write(job, command);
    if (given && (command.length > 0 || direction === 'trim')) this.spend(job, command);
    return given;
  }

  private spend(job: number, command: Command): void {
    const bytes = command.length > 0 ? command.length : this.view.device.geometry.zoneSize;
    this.left[job] = (this.left[job] as number) - bytes;
    if ((this.left[job] as number) < this.blockSize) this.unfinishedJobs--;
  }

  private read(job: number, command: Command): boolean {
    const { random, readBeyondWp } = this.options;
    if (random) {
      return readBeyondWp ? this.anywhere.next(job, command) : this.below.next(job, command);
    }
    for (let tried = 0; tried <= this.span.count; tried++) {
      const zone = this.readZones[job] as number;
      const place = this.readPlaces[job] as number;
      const { device } = this.view;
      const end = readBeyondWp ? zoneCapacity(device.geometry, zone) : device.occupied(zone);
      if (place + this.blockSize <= end) {
        command.op = Op.Read;
        command.zoneIndex = zone;
        command.offset = zoneStart(device.geometry, zone) + place;
        command.length = this.blockSize;
        this.readPlaces[job] = place + this.blockSize;
        return true;
      }
      this.readPlaces[job] = 0;
      this.readZones[job] = this.following(zone);
    }
    // nothing is written anywhere: fio ends such a job
    this.left[job] = 0;
    this.unfinishedJobs--;
    return false;
  }

  private trim(job: number, command: Command): boolean {
    const { device } = this.view;
    for (let tried = 0; tried < this.span.count; tried++) {
      const zone = this.options.random
        ? this.span.first + this.draw(this.randoms[job] as Random)
        : (this.zones[job] as number);
      this.zones[job] = this.following(zone);
      if (device.occupied(zone) > 0) return this.manage(Op.Reset, zone, command);
    }
    this.left[job] = 0;
    this.unfinishedJobs--;
    return false;
  }

  private write(job: number, command: Command): boolean {
    if (this.dueZone[job] !== NONE) {
      const zone = this.dueZone[job] as number;
      if (!this.stillDue(zone, this.dueOp[job] as Op)) this.dueZone[job] = NONE;
      else if (!this.manage(this.dueOp[job] as Op, zone, command)) return false;
      else {
        this.dueZone[job] = NONE;
        this.closed(zone);
        return true;
      }
    }
    const zone = this.choose(job);
    if (zone === NONE || this.view.managed[zone] === 1) return false;
    const { device } = this.view;
    const isFull = device.state(zone) === ZoneState.Full;
    const rest = zoneCapacity(device.geometry, zone) - device.occupied(zone);
    if (isFull || rest < this.blockSize || this.isResetDue(zone)) {
      const op = isFull || rest >= this.blockSize ? Op.Reset : Op.Finish;
      this.dueZone[job] = zone;
      this.dueOp[job] = op;
      if (!this.manage(op, zone, command)) return false;
      this.dueZone[job] = NONE;
      this.closed(zone);
      return true;
    }
    this.fresh[job] = 0;
    command.op = Op.Write;
    command.zoneIndex = zone;
    command.offset = device.writePointer(zone);
    command.length = this.blockSize;
    this.lastWritten = zone;
    if (rest === this.blockSize) this.closed(zone);
    else {
      this.view.openZones.add(zone);
      (this.openPerJob[job] as Set<number>).add(zone);
    }
    return true;
  }

  private stillDue(zone: number, op: Op): boolean {
    const { device } = this.view;
    return op === Op.Reset ? device.occupied(zone) > 0 : device.state(zone) !== ZoneState.Full;
  }

  /** The zone that the job's next write goes to, or -1. */
  private choose(job: number): number {
    const { device } = this.view;
    let zone: number;
    if (this.options.random) zone = this.span.first + this.draw(this.randoms[job] as Random);
    else {
      zone = this.zones[job] as number;
      if (device.state(zone) === ZoneState.Full && this.fresh[job] === 0) {
        zone = this.following(zone);
        this.zones[job] = zone;
        this.fresh[job] = 1;
      }
    }
    return this.mayOpen(job, zone) ? zone : this.openZone(job);
  }

  private mayOpen(job: number, zone: number): boolean {
    const { maxOpenZones, jobMaxOpenZones } = this.options;
    const own = this.openPerJob[job] as Set<number>;
    const fitsAll =
      maxOpenZones === 0 ||
      this.view.openZones.has(zone) ||
      this.view.openZones.size < maxOpenZones;
    return fitsAll && (jobMaxOpenZones === 0 || own.has(zone) || own.size < jobMaxOpenZones);
  }

  /** An open zone of the span, drawn; of the job's own where only its own limit stands in the way. */
  private openZone(job: number): number {
    const own = this.openPerJob[job] as Set<number>;
    const { jobMaxOpenZones } = this.options;
    const from = jobMaxOpenZones > 0 && own.size >= jobMaxOpenZones ? own : this.view.openZones;
    const { first, count } = this.span;
    const candidates = [...from].filter((zone) => zone >= first && zone < first + count);
    if (candidates.length === 0) return NONE;
    return candidates[(this.randoms[job] as Random).below(candidates.length)] as number;
  }

  private isResetDue(zone: number): boolean {
    const { resetFrequency, resetThreshold } = this.options;
    if (resetFrequency === 0 || ++this.writes < Math.round(1 / resetFrequency)) return false;
    this.writes = 0;
    const { device } = this.view;
    if (device.occupied(zone) === 0) return false;
    let data = 0;
    let capacity = 0;
    for (let n = this.span.first; n < this.span.first + this.span.count; n++) {
      data += device.occupied(n);
      capacity += zoneCapacity(device.geometry, n);
    }
    return data >= resetThreshold * capacity;
  }

  private following(zone: number): number {
    const next = zone + 1;
    return next < this.span.first + this.span.count ? next : this.span.first;
  }

  private closed(zone: number): void {
    this.view.openZones.delete(zone);
    for (const own of this.openPerJob) own.delete(zone);
  }

  /** Lets the zone's writes complete first. */
  private manage(op: Op, zone: number, command: Command): boolean {
    if (this.view.writesInFlight[zone] !== 0 || this.view.managed[zone] === 1) return false;
    command.op = op;
    command.zoneIndex = zone;
    command.offset = zoneStart(this.view.device.geometry, zone);
    command.length = 0;
    return true;
  }
}
