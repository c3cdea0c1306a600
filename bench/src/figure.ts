/** One measured quantity, ours beside a peer's, and how the two are taken in turns. */
import { type Summary, summarize } from './statistics.ts';

export interface Figure {
  /** What was measured: `4 KiB random read, queue depth 32`. */
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly ours: Summary;
  readonly peer?: Summary & { readonly name: string };
  /** Pair by pair, how many times as good ours is: above 1, ours is better. */
  readonly ratio?: Summary;
  /** What nothing of this kind can pass, measured in the same turns: a server that does no I/O, for one. */
  readonly limit?: Summary & { readonly name: string };
  readonly goal?: Goal;
}

/** `ratio`: at least so many times as good as the peer. `value`: at least as good as this. */
export type Goal = { readonly ratio: number } | { readonly value: number };

/** What one run of one side measured, by quantity. */
export type Readings = Readonly<Record<string, number>>;

export interface Side {
  readonly name: string;
  run(): Promise<Readings> | Readings;
}

/** A quantity of the readings, as it is shown. */
export interface Quantity {
  readonly key: string;
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly goal?: Goal;
}

export interface Contest {
  readonly ours: Side;
  readonly peer?: Side;
  readonly limit?: Side;
  readonly quantities: readonly Quantity[];
}

/** Runs the sides in turns, A B A B, after one turn that is not counted. */
export async function compare(contest: Contest, turns: number): Promise<Figure[]> {
  const { ours, peer, limit } = contest;
  const readings = { ours: [] as Readings[], peer: [] as Readings[], limit: [] as Readings[] };
  for (let turn = -1; turn < turns; turn++) {
    const mine = await ours.run();
    const theirs = await peer?.run();
    const bound = await limit?.run();
    if (turn < 0) continue;
    readings.ours.push(mine);
    if (theirs) readings.peer.push(theirs);
    if (bound) readings.limit.push(bound);
  }
  return contest.quantities.map(({ key, ...quantity }) => {
    const of = (side: readonly Readings[]) => side.map((reading) => reading[key] ?? Number.NaN);
    const [mine, theirs] = [of(readings.ours), of(readings.peer)];
    const better = (value: number, other: number) =>
      quantity.better === 'higher' ? value / other : other / value;
    return {
      ...quantity,
      ours: summarize(mine),
      ...(peer && {
        peer: { name: peer.name, ...summarize(theirs) },
        ratio: summarize(mine.map((value, index) => better(value, theirs[index] as number))),
      }),
      ...(limit && { limit: { name: limit.name, ...summarize(of(readings.limit)) } }),
    };
  });
}

/** Undefined where there is no goal. */
export function reached({ goal, ours, ratio, better }: Figure): boolean | undefined {
  if (goal === undefined) return undefined;
  if ('ratio' in goal) return ratio !== undefined && ratio.median >= goal.ratio;
  return better === 'higher' ? ours.median >= goal.value : ours.median <= goal.value;
}
