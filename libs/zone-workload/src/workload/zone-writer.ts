/**
 * Jobs that write zones from the write pointer to the capacity, one zone after the other, round and round.
 * Zones are recycled with fio's meaning (`zonemode=zbd`): a full zone is reset before it is written again, a rest
 * smaller than the block size is finished, and `resetFrequency` with `resetThreshold` resets before a zone is full.
 */
import { ZoneState } from '@zonelab/qcow2-zoned';
import { type Command, Op, writesData } from '../device/command.ts';
import { type Span, zoneCapacity, zoneStart } from '../device/zone-layout.ts';
import type { Generator, HostView } from './generator.ts';
import { ZoneClaims } from './zone-claims.ts';

export interface ZoneWriterOptions {
  readonly op: typeof Op.Write | typeof Op.Append;
  readonly span: Span;
  readonly jobs: number;
  readonly blockSize: number;
  readonly resetFrequency: number;
  readonly resetThreshold: number;
}

export class ZoneWriter implements Generator {
  private readonly claims: ZoneClaims;
  /** 1 while a job has claimed a zone and not yet written it: if it is full, it is an old one to recycle. */
  private readonly fresh: Uint8Array;
  /** 1 while a job waits to reset its zone because `resetFrequency` said so. */
  private readonly resetDue: Uint8Array;
  private readonly writesPerReset: number;
  private readonly resetAboveBytes: number;
  private writes = 0;
  private dataBytes = 0;

  constructor(
    private readonly view: HostView,
    private readonly options: ZoneWriterOptions,
  ) {
    const { span, jobs, resetFrequency, resetThreshold } = options;
    this.claims = new ZoneClaims(view.device, span, jobs);
    this.fresh = new Uint8Array(jobs);
    this.resetDue = new Uint8Array(jobs);
    this.writesPerReset = resetFrequency > 0 ? Math.round(1 / resetFrequency) : 0;
    let capacity = 0;
    for (let zone = span.first; zone < span.first + span.count; zone++) {
      capacity += zoneCapacity(view.device.geometry, zone);
      this.dataBytes += view.device.occupied(zone);
    }
    this.resetAboveBytes = resetThreshold * capacity;
  }

  next(job: number, command: Command): boolean {
    let zone = this.claims.zoneOf(job);
    for (;;) {
      if (zone < 0) zone = this.claim(job);
      if (zone < 0 || this.view.managed[zone] === 1) return false;
      const full = this.view.device.state(zone) === ZoneState.Full;
      if (!full && this.leftIn(zone) >= this.options.blockSize) break;
      if (!full) return this.manage(Op.Finish, zone, command);
      if (this.fresh[job] === 1) return this.reset(zone, command);
      zone = this.claim(job);
    }
    if (this.isResetDue(job, zone)) {
      if (!this.reset(zone, command)) return false;
      this.resetDue[job] = 0;
      return true;
    }
    this.write(job, zone, command);
    return true;
  }

  refused(_job: number, command: Command): void {
    if (writesData(command.op)) this.dataBytes -= command.length;
    else if (command.op === Op.Reset)
      this.dataBytes += this.view.device.occupied(command.zoneIndex);
  }

  private claim(job: number): number {
    this.fresh[job] = 1;
    this.resetDue[job] = 0;
    return this.claims.claimNext(job);
  }

  private leftIn(zone: number): number {
    return zoneCapacity(this.view.device.geometry, zone) - this.view.device.occupied(zone);
  }

  private isResetDue(job: number, zone: number): boolean {
    if (this.resetDue[job] === 1) return true;
    if (this.writesPerReset === 0 || ++this.writes < this.writesPerReset) return false;
    this.writes = 0;
    if (this.view.device.occupied(zone) === 0 || this.dataBytes < this.resetAboveBytes)
      return false;
    this.resetDue[job] = 1;
    return true;
  }

  private write(job: number, zone: number, command: Command): void {
    const { op, blockSize } = this.options;
    const { device } = this.view;
    this.fresh[job] = 0;
    this.dataBytes += blockSize;
    command.op = op;
    command.zoneIndex = zone;
    command.offset =
      op === Op.Append ? zoneStart(device.geometry, zone) : device.writePointer(zone);
    command.length = blockSize;
  }

  private reset(zone: number, command: Command): boolean {
    if (!this.manage(Op.Reset, zone, command)) return false;
    this.dataBytes -= this.view.device.occupied(zone);
    return true;
  }

  /** A host lets the zone's writes complete first. */
  private manage(op: typeof Op.Reset | typeof Op.Finish, zone: number, command: Command): boolean {
    if (this.view.writesInFlight[zone] !== 0) return false;
    command.op = op;
    command.zoneIndex = zone;
    command.offset = zoneStart(this.view.device.geometry, zone);
    command.length = 0;
    return true;
  }
}
