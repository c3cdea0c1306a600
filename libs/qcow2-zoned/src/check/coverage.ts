/**
 * Runs of bytes that may overlap, cut at their borders, so that a hostile file with thousands of overlapping tables
 * costs no more than one that has each byte once.
 */

export interface Run {
  readonly from: number;
  readonly to: number;
}

/** A piece that `times` runs cover. */
export interface Piece extends Run {
  readonly times: number;
}

export function* coverage(runs: readonly Run[]): Iterable<Piece> {
  const starts = Float64Array.from(runs, ({ from }) => from).sort();
  const ends = Float64Array.from(runs, ({ to }) => to).sort();
  let from = 0;
  let times = 0;
  for (let start = 0, end = 0; end < ends.length; ) {
    const opens = start < starts.length && (starts[start] as number) < (ends[end] as number);
    const at = (opens ? starts[start++] : ends[end++]) as number;
    if (times > 0 && at > from) yield { from, to: at, times };
    times += opens ? 1 : -1;
    from = at;
  }
}
