/** Few combinations of options in which every two values of different options meet. */

export type Choice<T> = { readonly [K in keyof T]: T[K] };
type Values<T> = { readonly [K in keyof T]: readonly T[K][] };

/** Greedy, and the same every time. */
export function pairwise<T extends object>(values: Values<T>): Choice<T>[] {
  const names = Object.keys(values) as (keyof T)[];
  const key = (a: number, i: number, b: number, j: number): string => `${a}.${i}-${b}.${j}`;
  const open = new Set<string>();
  names.forEach((first, a) => {
    for (let b = a + 1; b < names.length; b++)
      values[first].forEach((_, i) => {
        values[names[b] as keyof T].forEach((_other, j) => void open.add(key(a, i, b, j)));
      });
  });
  const rows: Choice<T>[] = [];
  while (open.size > 0) {
    const [seed] = open;
    const [left, right] = (seed as string).split('-').map((half) => half.split('.').map(Number));
    const picks = new Map<number, number>([left, right] as [number, number][]);
    names.forEach((name, at) => {
      if (picks.has(at)) return;
      const gain = (index: number): number =>
        [...picks].filter(([other, i]) =>
          open.has(other < at ? key(other, i, at, index) : key(at, index, other, i)),
        ).length;
      const indexes = values[name].map((_, index) => index);
      picks.set(
        at,
        indexes.reduce((best, index) => (gain(index) > gain(best) ? index : best), 0),
      );
    });
    for (const [a, i] of picks) for (const [b, j] of picks) open.delete(key(a, i, b, j));
    rows.push(
      Object.fromEntries(
        names.map((name, at) => [name, values[name][picks.get(at) as number]]),
      ) as Choice<T>,
    );
  }
  return rows;
}
