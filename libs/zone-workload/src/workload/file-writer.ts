/**
 * Plays a writer model: files of several streams, each stream in a zone of its own. Files die; a zone without live data
 * is reset; where free zones run short, the live data of the zone with the least of it is written anew. Lifetimes are
 * counted in bytes written, so that live data stays at a given share of the zones.
 */
import { ZoneState } from '@zonelab/qcow2-zoned';
import { type Command, Op } from '../device/command.ts';
import { type Span, zoneCapacity, zoneStart } from '../device/zone-layout.ts';
import { EventQueue } from '../engine/event-queue.ts';
import type { Random } from '../random.ts';
import type { Generator, HostView } from './generator.ts';
import type { WriterModel } from './writer-models.ts';

const NONE = -1;
const RECORD_BYTES = 4096;

interface File {
  live: boolean;
  /** Bytes still to be written. */
  left: number;
}
/** Part of a file in a zone. */
interface Extent {
  file: number;
  offset: number;
  length: number;
}

export class FileWriter implements Generator {
  overhead = false;
  relocatedBytes = 0;
  private readonly files: File[] = [];
  private readonly idleFiles: number[] = [];
  /** Deaths by bytes written. */
  private readonly deaths = new EventQueue(64);
  private readonly extents: Extent[][];
  private readonly live: Float64Array;
  private readonly free: number[] = [];
  /** Places of the span that wait for their reset. */
  private readonly dead: number[] = [];
  /** Per stream: its zone and its file, or -1. */
  private readonly zones: Int32Array;
  private readonly current: Int32Array;
  private readonly lifetimes: readonly number[];
  private readonly unfinished: number[] = [];
  private copyZone = NONE;
  private victim = NONE;
  private reading = false;
  private written = 0;
  private nextRecord: number;
  private recordZone = 0;

  constructor(
    private readonly view: HostView,
    private readonly model: WriterModel,
    private readonly span: Span,
    private readonly blockSize: number,
    liveShare: number,
    private readonly random: Random,
  ) {
    const { streams, recordEveryBytes, records } = model;
    this.extents = Array.from({ length: span.count }, () => []);
    this.live = new Float64Array(span.count);
    this.zones = new Int32Array(streams.length).fill(NONE);
    this.current = new Int32Array(streams.length).fill(NONE);
    this.nextRecord = recordEveryBytes;
    const logZones = records === 'log' ? 2 : 0;
    for (let place = span.count - 1; place >= logZones; place--) this.free.push(place);
    // live bytes are the sum of share x lifetime over streams: scaled to what shall live
    const capacity = (span.count - logZones) * view.device.geometry.zoneCapacity;
    const sum = streams.reduce((total, { share, lifetime }) => total + share * lifetime, 0);
    this.lifetimes = streams.map(({ lifetime }) => (lifetime / sum) * liveShare * capacity);
  }

  next(_job: number, command: Command): boolean {
    this.overhead = false;
    this.bury();
    if (this.clean(command)) return true;
    if (this.finishOne(command)) return true;
    const collecting = this.collect(command);
    if (collecting !== 'idle') return collecting === 'filled';
    if (this.record(command)) return true;
    return this.write(command);
  }

  /** Files whose time has come. */
  private bury(): void {
    while (this.deaths.nextNs <= this.written) {
      const file = this.deaths.pop();
      const dead = this.files[file] as File;
      dead.live = false;
      for (const [place, extents] of this.extents.entries()) {
        if (extents.length === 0) continue;
        for (const extent of extents) {
          if (extent.file === file) this.live[place] = (this.live[place] as number) - extent.length;
        }
        this.extents[place] = extents.filter((extent) => extent.file !== file);
        this.giveUp(place);
      }
      this.idleFiles.push(file);
    }
  }

  /** A written zone without live data that nobody writes waits for its reset. */
  private giveUp(place: number): void {
    const isInUse = this.zones.includes(place) || place === this.copyZone || place === this.victim;
    const { device } = this.view;
    const isWritten = device.occupied(this.span.first + place) > 0;
    if (isInUse || !isWritten || this.live[place] !== 0 || this.dead.includes(place)) return;
    this.dead.push(place);
  }

  /** A stream is done with its zone, whose data may all have died meanwhile. */
  private leave(zones: Int32Array, n: number): void {
    const place = zones[n] as number;
    zones[n] = NONE;
    if (place !== NONE) this.giveUp(place);
  }

  private clean(command: Command): boolean {
    const index = this.dead.findIndex((place) => this.isAtRest(place));
    if (index < 0) return false;
    const [place] = this.dead.splice(index, 1) as [number];
    this.manage(Op.Reset, place, command);
    this.free.unshift(place);
    return true;
  }

  private finishOne(command: Command): boolean {
    const index = this.unfinished.findIndex((place) => this.isAtRest(place));
    if (index < 0) return false;
    const [place] = this.unfinished.splice(index, 1) as [number];
    if (this.view.device.state(this.span.first + place) === ZoneState.Full) return false;
    if (this.view.device.occupied(this.span.first + place) === 0) return false;
    this.manage(Op.Finish, place, command);
    return true;
  }

  /** Moves the live data of one zone, extent by extent: read, then written anew. */
  private collect(command: Command): 'filled' | 'waits' | 'idle' {
    if (this.victim === NONE) {
      const wanted = this.model.collectBelow * this.span.count;
      if (this.free.length + this.dead.length >= wanted) return 'idle';
      this.victim = this.choose();
      if (this.victim === NONE) return 'idle';
    }
    this.overhead = true;
    const extents = this.extents[this.victim] as Extent[];
    const [extent] = extents;
    if (!extent) {
      const emptied = this.victim;
      this.victim = NONE;
      this.giveUp(emptied);
      return this.clean(command) ? 'filled' : 'waits';
    }
    const length = Math.min(extent.length, this.blockSize);
    if (!this.reading) {
      this.reading = true;
      this.address(command, Op.Read, this.victim, extent.offset, length);
      return 'filled';
    }
    if (this.copyZone === NONE || this.leftIn(this.copyZone) === 0) {
      const full = this.copyZone;
      this.copyZone = this.takeFree();
      if (full !== NONE) this.giveUp(full);
      if (this.copyZone === NONE) return 'waits';
    }
    const moved = Math.min(length, this.leftIn(this.copyZone));
    this.put(this.copyZone, extent.file, moved, command, Op.Write);
    this.live[this.victim] = (this.live[this.victim] as number) - moved;
    this.relocatedBytes += moved;
    extent.offset += moved;
    extent.length -= moved;
    if (extent.length === 0) extents.shift();
    this.reading = false;
    return 'filled';
  }

  /** The zone with the least live data, if moving it gives anything. */
  private choose(): number {
    let best = NONE;
    for (let place = 0; place < this.span.count; place++) {
      const zone = this.span.first + place;
      if (this.zones.includes(place) || place === this.copyZone || this.dead.includes(place))
        continue;
      if (this.view.device.state(zone) !== ZoneState.Full || this.extents[place]?.length === 0)
        continue;
      if (best === NONE || (this.live[place] as number) < (this.live[best] as number)) best = place;
    }
    const { zoneCapacity: capacity } = this.view.device.geometry;
    return best !== NONE && (this.live[best] as number) < capacity - this.blockSize ? best : NONE;
  }

  /** A checkpoint or a superblock. */
  private record(command: Command): boolean {
    const { records, recordEveryBytes } = this.model;
    if (records === 'none' || this.written < this.nextRecord) return false;
    const { device } = this.view;
    if (records === 'conventional') {
      const { conventionalZones, zoneSize } = device.geometry;
      const at = this.random.below((conventionalZones * zoneSize) / RECORD_BYTES) * RECORD_BYTES;
      command.op = Op.Write;
      command.zoneIndex = Math.floor(at / zoneSize);
      command.offset = at;
      command.length = RECORD_BYTES;
      this.nextRecord += recordEveryBytes;
      return true;
    }
    if (!this.isAtRest(this.recordZone)) return false;
    if (this.leftIn(this.recordZone) === 0) {
      this.recordZone = 1 - this.recordZone;
      if (device.occupied(this.span.first + this.recordZone) > 0) {
        if (!this.isAtRest(this.recordZone)) return false;
        this.manage(Op.Reset, this.recordZone, command);
        return true;
      }
    }
    const offset = device.occupied(this.span.first + this.recordZone);
    this.address(command, Op.Write, this.recordZone, offset, RECORD_BYTES);
    this.nextRecord += recordEveryBytes;
    return true;
  }

  private write(command: Command): boolean {
    const { streams, appends } = this.model;
    const n = this.drawStream();
    if (this.zones[n] === NONE || this.leftIn(this.zones[n] as number) === 0) {
      this.leave(this.zones, n);
      const place = this.takeFree();
      if (place === NONE) return false;
      this.zones[n] = place;
    }
    const place = this.zones[n] as number;
    if (this.current[n] === NONE) this.current[n] = this.newFile(streams[n]?.fileBytes ?? 0);
    const file = this.files[this.current[n] as number] as File;
    const length = Math.min(this.blockSize, file.left, this.leftIn(place));
    const id = this.current[n] as number;
    this.put(place, id, length, command, appends && n === 0 ? Op.Append : Op.Write);
    this.written += length;
    file.left -= length;
    if (file.left === 0) this.close(n, id);
    return true;
  }

  /** The file is whole: from now on it lives for its time. */
  private close(n: number, id: number): void {
    const { inOrder, finishBelow } = this.model;
    const mean = this.lifetimes[n] as number;
    // between a half and one and a half of the mean, unless files die in order
    const life = inOrder ? mean : mean * (0.5 + this.random.unit());
    this.deaths.push(id, Math.round(this.written + life));
    this.current[n] = NONE;
    const place = this.zones[n] as number;
    const left = this.leftIn(place);
    if (left > 0 && left < finishBelow * this.view.device.geometry.zoneCapacity) {
      this.unfinished.push(place);
      this.leave(this.zones, n);
    }
  }

  private drawStream(): number {
    let rest = this.random.unit();
    for (const [n, { share }] of this.model.streams.entries()) {
      rest -= share;
      if (rest < 0) return n;
    }
    return this.model.streams.length - 1;
  }

  private newFile(bytes: number): number {
    const left = Math.max(1, Math.round(bytes / this.blockSize)) * this.blockSize;
    const id = this.idleFiles.pop() ?? this.files.length;
    this.files[id] = { live: true, left };
    return id;
  }

  private put(place: number, file: number, length: number, command: Command, op: Op): void {
    const offset = this.view.device.occupied(this.span.first + place);
    const extents = this.extents[place] as Extent[];
    const last = extents.at(-1);
    if (last?.file === file && last.offset + last.length === offset) last.length += length;
    else extents.push({ file, offset, length });
    this.live[place] = (this.live[place] as number) + length;
    this.address(command, op, place, op === Op.Append ? 0 : offset, length);
  }

  private takeFree(): number {
    const place = this.free.at(-1);
    if (place === undefined || !this.isAtRest(place)) return NONE;
    this.free.length--;
    return place;
  }

  private leftIn(place: number): number {
    const zone = this.span.first + place;
    const { device } = this.view;
    if (device.state(zone) === ZoneState.Full) return 0;
    return zoneCapacity(device.geometry, zone) - device.occupied(zone);
  }

  private isAtRest(place: number): boolean {
    const zone = this.span.first + place;
    return this.view.writesInFlight[zone] === 0 && this.view.managed[zone] === 0;
  }

  private manage(op: Op, place: number, command: Command): void {
    this.address(command, op, place, 0, 0);
  }

  private address(command: Command, op: Op, place: number, offset: number, length: number): void {
    const zone = this.span.first + place;
    command.op = op;
    command.zoneIndex = zone;
    command.offset = zoneStart(this.view.device.geometry, zone) + offset;
    command.length = length;
  }
}
