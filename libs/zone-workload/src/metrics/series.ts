/**
 * What happened when: columns of counts over simulated time. Memory stays bounded: when the time outgrows the
 * points, neighbours are merged and each point stands for twice the time.
 */
import { Op } from '../device/command.ts';
import { MAX_SERIES_POINTS } from '../limits.ts';

/** The first width; short runs keep their detail. */
const FIRST_POINT_NS = 1000;

const SUMS = [
  'reads',
  'writes',
  'appends',
  'resets',
  'finishes',
  'opens',
  'closes',
  'refusals',
  'readBytes',
  'writtenBytes',
] as const;
const PEAKS = ['openZones', 'activeZones', 'inFlight'] as const;
type Column = (typeof SUMS)[number] | (typeof PEAKS)[number];

/** Indexed by Op. */
const COUNT_OF_OP: readonly (typeof SUMS)[number][] = [
  'reads',
  'writes',
  'appends',
  'resets',
  'finishes',
  'opens',
  'closes',
];

/** Point i covers completions from i x pointNs on. Peaks are the largest value that held at a completion. */
export interface SeriesReport extends Record<Column, readonly number[]> {
  readonly pointNs: number;
}

export class Series {
  private readonly columns = Object.fromEntries(
    [...SUMS, ...PEAKS].map((name) => [name, new Float64Array(MAX_SERIES_POINTS)]),
  ) as Record<Column, Float64Array>;
  private readonly counts = COUNT_OF_OP.map((name) => this.columns[name]);
  private pointNs = FIRST_POINT_NS;
  private last = 0;
  private open = 0;
  private active = 0;
  private inFlight = 0;

  /** One completion. Times never go back. */
  record(op: Op, length: number, refused: boolean, nowNs: number): void {
    const point = this.pointAt(nowNs);
    if (refused) {
      add(this.columns.refusals, point, 1);
      return;
    }
    add(this.counts[op] as Float64Array, point, 1);
    if (op === Op.Read) add(this.columns.readBytes, point, length);
    else add(this.columns.writtenBytes, point, length);
  }

  /** The levels that hold from now on. */
  level(nowNs: number, open: number, active: number, inFlight: number): void {
    this.open = open;
    this.active = active;
    this.inFlight = inFlight;
    this.raise(this.pointAt(nowNs));
  }

  report(): SeriesReport {
    const columns = Object.fromEntries(
      Object.entries(this.columns).map(([name, values]) => [
        name,
        [...values.subarray(0, this.last + 1)],
      ]),
    ) as unknown as Record<Column, readonly number[]>;
    return { pointNs: this.pointNs, ...columns };
  }

  private pointAt(nowNs: number): number {
    let point = Math.floor(nowNs / this.pointNs);
    while (point >= MAX_SERIES_POINTS) {
      this.halve();
      point = Math.floor(nowNs / this.pointNs);
    }
    while (this.last < point) {
      this.last++;
      this.raise(this.last); // levels hold through points without a completion
    }
    return point;
  }

  private raise(point: number): void {
    const { openZones, activeZones, inFlight } = this.columns;
    if (this.open > (openZones[point] as number)) openZones[point] = this.open;
    if (this.active > (activeZones[point] as number)) activeZones[point] = this.active;
    if (this.inFlight > (inFlight[point] as number)) inFlight[point] = this.inFlight;
  }

  private halve(): void {
    for (const name of SUMS) merge(this.columns[name], (a, b) => a + b);
    for (const name of PEAKS) merge(this.columns[name], Math.max);
    this.pointNs *= 2;
    this.last >>= 1;
  }
}

function add(column: Float64Array, point: number, amount: number): void {
  column[point] = (column[point] as number) + amount;
}

function merge(column: Float64Array, join: (a: number, b: number) => number): void {
  const half = column.length / 2;
  for (let i = 0; i < half; i++) {
    column[i] = join(column[2 * i] as number, column[2 * i + 1] as number);
  }
  column.fill(0, half);
}
