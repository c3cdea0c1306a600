/**
 * The dies: each does one thing at a time. Reads are served in order of arrival, before programs; a running program
 * gives way at the end of its slice, and goes on when the reads are done. Programs and erases of a die queue up.
 */
import type { EventQueue } from '../../engine/event-queue.ts';
import type { FlashTiming } from './parameters.ts';

const NONE = -1;

/** What a die is asked to do in the background, in a pool that grows with the need. */
interface Jobs {
  zone: Int32Array;
  bytes: Float64Array;
  durationNs: Float64Array;
  readyNs: Float64Array;
  /** Whose work it is: a management command's number, or -1 for data of the host. */
  owner: Int32Array;
  next: Int32Array;
}

/** Told when a background job has ended. */
export type JobListener = (zone: number, bytes: number, owner: number, nowNs: number) => void;

export class Dies {
  private readonly readFreeNs: Float64Array;
  /** The running job, or -1. */
  private readonly running: Int32Array;
  /** Since when the job runs without a break: later than now while it is suspended. */
  private readonly resumedNs: Float64Array;
  private readonly endNs: Float64Array;
  private readonly head: Int32Array;
  private readonly tail: Int32Array;
  private jobs: Jobs = allocate(64);
  private free = NONE;
  private used = 0;

  /** Dies are events 0 to `dies` - 1 of the agenda. */
  constructor(
    private readonly timing: FlashTiming,
    private readonly agenda: EventQueue,
    private readonly onEnd: JobListener,
  ) {
    const { dies } = timing;
    this.readFreeNs = new Float64Array(dies);
    this.running = new Int32Array(dies).fill(NONE);
    this.resumedNs = new Float64Array(dies);
    this.endNs = new Float64Array(dies);
    this.head = new Int32Array(dies).fill(NONE);
    this.tail = new Int32Array(dies).fill(NONE);
  }

  /** A read that reaches the die at `nowNs` and keeps it busy for `busyNs`. Returns when it begins. */
  read(die: number, nowNs: number, busyNs: number): number {
    let beginNs = Math.max(nowNs, this.readFreeNs[die] as number);
    if (this.running[die] !== NONE) beginNs = this.suspend(die, beginNs, busyNs);
    this.readFreeNs[die] = beginNs + busyNs;
    return beginNs;
  }

  enqueue(
    die: number,
    zone: number,
    bytes: number,
    durationNs: number,
    readyNs: number,
    owner: number,
    nowNs: number,
  ): void {
    const job = this.take();
    const { jobs } = this;
    jobs.zone[job] = zone;
    jobs.bytes[job] = bytes;
    jobs.durationNs[job] = durationNs;
    jobs.readyNs[job] = readyNs;
    jobs.owner[job] = owner;
    jobs.next[job] = NONE;
    if (this.running[die] === NONE) {
      this.start(die, job, nowNs);
      return;
    }
    const last = this.tail[die] as number;
    if (last === NONE) this.head[die] = job;
    else jobs.next[last] = job;
    this.tail[die] = job;
  }

  /** The agenda's event of the die. */
  tick(die: number, nowNs: number): void {
    const endNs = this.endNs[die] as number;
    if (endNs > nowNs) {
      this.agenda.push(die, endNs); // reads have suspended the program meanwhile
      return;
    }
    const job = this.running[die] as number;
    const { zone, bytes, owner } = this.jobs;
    const [itsZone, itsBytes, itsOwner] = [zone[job], bytes[job], owner[job]] as number[];
    this.jobs.next[job] = this.free;
    this.free = job;
    this.running[die] = NONE;
    const next = this.head[die] as number;
    if (next !== NONE) {
      this.head[die] = this.jobs.next[next] as number;
      if (this.head[die] === NONE) this.tail[die] = NONE;
      this.start(die, next, nowNs);
    }
    this.onEnd(itsZone as number, itsBytes as number, itsOwner as number, nowNs);
  }

  /** When the read begins, given the job that runs. */
  private suspend(die: number, wantedNs: number, busyNs: number): number {
    const endNs = this.endNs[die] as number;
    const resumedNs = this.resumedNs[die] as number;
    const { programSliceNs } = this.timing;
    let beginNs = wantedNs;
    if (beginNs > resumedNs) {
      if (beginNs >= endNs) return beginNs;
      if (programSliceNs === 0) return endNs;
      const slices = Math.ceil((beginNs - resumedNs) / programSliceNs);
      beginNs = resumedNs + slices * programSliceNs;
      if (beginNs >= endNs) return endNs;
      this.resumedNs[die] = beginNs + busyNs;
      this.endNs[die] = endNs + busyNs;
      return beginNs;
    }
    // not begun yet, or suspended already: the read goes first
    const delayNs = beginNs + busyNs - resumedNs;
    if (delayNs > 0) {
      this.resumedNs[die] = resumedNs + delayNs;
      this.endNs[die] = endNs + delayNs;
    }
    return beginNs;
  }

  private start(die: number, job: number, nowNs: number): void {
    const readyNs = this.jobs.readyNs[job] as number;
    const startNs = Math.max(nowNs, readyNs, this.readFreeNs[die] as number);
    this.running[die] = job;
    this.resumedNs[die] = startNs;
    this.endNs[die] = startNs + (this.jobs.durationNs[job] as number);
    this.agenda.push(die, this.endNs[die] as number);
  }

  private take(): number {
    if (this.free !== NONE) {
      const job = this.free;
      this.free = this.jobs.next[job] as number;
      return job;
    }
    const { jobs } = this;
    const room = jobs.next.length;
    if (this.used === room) {
      const grown = allocate(2 * room);
      for (const key of Object.keys(jobs) as (keyof Jobs)[]) grown[key].set(jobs[key]);
      this.jobs = grown;
    }
    return this.used++;
  }
}

function allocate(room: number): Jobs {
  return {
    zone: new Int32Array(room),
    bytes: new Float64Array(room),
    durationNs: new Float64Array(room),
    readyNs: new Float64Array(room),
    owner: new Int32Array(room),
    next: new Int32Array(room),
  };
}
