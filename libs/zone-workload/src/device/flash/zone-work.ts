/**
 * What resets and finishes cost. A reset is work of the command processor, done in pieces between which commands get
 * their turn; a finish programs the rest of the zone on the dies, beside the programs of others.
 */
import type { ZonedGeometry } from '@zonelab/qcow2-zoned';
import type { EventQueue } from '../../engine/event-queue.ts';
import type { CommandProcessor } from './command-processor.ts';
import type { Dies } from './dies.ts';
import type { FlashTiming } from './parameters.ts';
import type { WritePath } from './write-path.ts';

/** One reset or finish in hand. */
interface Work {
  slot: number;
  zone: number;
  startNs: number;
  /** Time of the command processor still to be spent. */
  processorNs: number;
  /** Bytes still to be given to dies as padding; and jobs that dies have not ended. */
  padding: number;
  onDies: number;
  /** What follows when the rest is done: waits, and writes of the device's own records. */
  thenNs: number;
  /** Whether an event of this work is on the agenda. */
  due: boolean;
}

/** Told when a command's work has ended. */
export type WorkDone = (slot: number, startNs: number, endNs: number) => void;

export class ZoneWork {
  private readonly works: Work[] = [];
  private readonly idle: number[] = [];

  /** Work n is event `firstEvent` + n of the agenda, and owner n of jobs of the dies. */
  constructor(
    private readonly timing: FlashTiming,
    private readonly geometry: ZonedGeometry,
    private readonly firstEvent: number,
    private readonly agenda: EventQueue,
    private readonly processor: CommandProcessor,
    private readonly dies: Dies,
    private readonly writes: WritePath,
    private readonly done: WorkDone,
  ) {}

  /** @param occupied written bytes. @param unfinished the zone is neither empty nor full. */
  reset(
    slot: number,
    zone: number,
    occupied: number,
    unfinished: boolean,
    startNs: number,
    nowNs: number,
  ): void {
    const { recordNs, resetWorkNs, programNs, finishPads, eraseNs } = this.timing;
    // the last stripe of a zone partly written is completed and written down before the zone is emptied
    const closeNs = unfinished && finishPads ? programNs + recordNs : 0;
    const share = occupied / this.geometry.zoneCapacity;
    const work = this.begin(slot, zone, startNs);
    this.writes.discard(zone);
    this.update(work, {
      processorNs: Math.round(resetWorkNs * share),
      thenNs: closeNs + recordNs,
    });
    if (eraseNs > 0 && occupied > 0) this.erase(work, zone, eraseNs, nowNs);
    this.schedule(work, nowNs);
  }

  /** Programs the rest of the zone. */
  finish(slot: number, zone: number, rest: number, startNs: number, nowNs: number): void {
    const { recordNs, diesPerZone, dies } = this.timing;
    const work = this.begin(slot, zone, startNs);
    this.writes.flush(zone, nowNs);
    this.update(work, { padding: rest, thenNs: recordNs });
    const parallel = diesPerZone || dies;
    for (let n = 0; n < parallel; n++) this.pad(work, nowNs);
  }

  /** The agenda's event of a work: the next piece of the processor's time, or the end. */
  tick(work: number, nowNs: number): void {
    const current = this.works[work] as Work;
    current.due = false;
    if (current.processorNs > 0) {
      const piece = Math.min(current.processorNs, this.timing.workSliceNs);
      current.processorNs -= piece;
      this.schedule(work, this.processor.work(nowNs, piece, this.timing.writeCommandNs));
    } else if (current.onDies === 0) {
      this.idle.push(work);
      this.done(current.slot, current.startNs, nowNs + current.thenNs);
    }
  }

  /** A die has ended a job of this work. */
  ended(work: number, nowNs: number): void {
    const current = this.works[work] as Work;
    current.onDies--;
    if (current.padding > 0) this.pad(work, nowNs);
    else if (current.onDies === 0 && current.processorNs === 0) {
      this.schedule(work, nowNs);
    }
  }

  private schedule(work: number, atNs: number): void {
    const current = this.works[work] as Work;
    if (current.due) return;
    current.due = true;
    this.agenda.push(this.firstEvent + work, atNs);
  }

  private pad(work: number, nowNs: number): void {
    const current = this.works[work] as Work;
    if (current.padding === 0) return;
    const { programBytes, programNs } = this.timing;
    const part = Math.min(current.padding, programBytes);
    current.padding -= part;
    current.onDies++;
    const die = this.writes.nextDie(current.zone);
    this.dies.enqueue(die, current.zone, part, programNs, nowNs, work, nowNs);
  }

  private erase(work: number, zone: number, eraseNs: number, nowNs: number): void {
    const parallel = this.timing.diesPerZone || this.timing.dies;
    (this.works[work] as Work).onDies = parallel;
    for (let n = 0; n < parallel; n++) {
      this.dies.enqueue(this.writes.dieOf(zone, n), zone, 0, eraseNs, nowNs, work, nowNs);
    }
  }

  private begin(slot: number, zone: number, startNs: number): number {
    const work = this.idle.pop() ?? this.works.length;
    this.works[work] = {
      slot,
      zone,
      startNs,
      processorNs: 0,
      padding: 0,
      onDies: 0,
      thenNs: 0,
      due: false,
    };
    return work;
  }

  private update(work: number, change: Partial<Work>): void {
    Object.assign(this.works[work] as Work, change);
  }
}
