/**
 * Many experiments from one: any field of a definition as a list or a range, every combination of them or one after the
 * other in step.
 */
import { type DefinitionProblem, invalidDefinition } from '../errors.ts';
import { MAX_SWEEP_RUNS } from '../limits.ts';

export interface SweepDefinition {
  /** `cartesian` (default): every combination. `zipped`: the n-th value of every field together. */
  readonly mode?: 'cartesian' | 'zipped';
  /** What varies, by path: `workload.phases[0].queueDepth`. */
  readonly vary: Readonly<Record<string, readonly unknown[] | SweepRange>>;
}

/** `from`, `from` + `step` …, or `from`, `from` x `factor` …, up to and with `to`. Default: step 1. */
export interface SweepRange {
  readonly from: number;
  readonly to: number;
  readonly step?: number;
  readonly factor?: number;
}

export interface SweepRun<T> {
  /** `queueDepth=4, seed=1`: the last part of each path. */
  readonly label: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly definition: T;
}

/** Throws `invalid_definition`. The base is not changed; what fields may hold is for `resolveExperiment` to say. */
export function expandSweep<T extends object>(base: T, sweep: SweepDefinition): SweepRun<T>[] {
  const problems: DefinitionProblem[] = [];
  const { mode = 'cartesian', vary } = sweep;
  const refuse = (path: string, given: unknown, allowed: string) =>
    problems.push({ path, given: JSON.stringify(given) ?? 'nothing', allowed });
  if (mode !== 'cartesian' && mode !== 'zipped') refuse('sweep.mode', mode, 'cartesian, zipped');
  const fields = Object.entries(vary ?? {});
  if (fields.length === 0) refuse('sweep.vary', vary, 'at least one field, by its path');
  const columns = fields.map(([path, values]) => {
    if (!parentOf(structuredClone(base), path))
      refuse(`sweep.vary["${path}"]`, path, 'the path of a field');
    return { path, values: valuesOf(path, values, refuse) };
  });
  if (problems.length > 0) throw invalidDefinition(problems);
  const lengths = columns.map(({ values }) => values.length);
  if (mode === 'zipped' && new Set(lengths).size > 1) {
    refuse('sweep.vary', lengths, 'lists of equal length, since the sweep is zipped');
  }
  const count = mode === 'zipped' ? (lengths[0] ?? 0) : lengths.reduce((all, n) => all * n, 1);
  if (count > MAX_SWEEP_RUNS) refuse('sweep.vary', count, `at most ${MAX_SWEEP_RUNS} runs`);
  if (problems.length > 0) throw invalidDefinition(problems);
  return Array.from({ length: count }, (_, n) => runOf(base, columns, mode, n));
}

interface Column {
  readonly path: string;
  readonly values: readonly unknown[];
}

/** The last field varies fastest. */
function runOf<T extends object>(
  base: T,
  columns: readonly Column[],
  mode: 'cartesian' | 'zipped',
  n: number,
): SweepRun<T> {
  const definition = structuredClone(base);
  const values: Record<string, unknown> = {};
  let rest = n;
  for (const { path, values: all } of [...columns].reverse()) {
    const index = mode === 'zipped' ? n : rest % all.length;
    rest = Math.floor(rest / all.length);
    values[path] = all[index];
    const parent = parentOf(definition, path);
    if (parent) parent.holder[parent.key] = structuredClone(all[index]);
  }
  const ordered = Object.fromEntries(columns.map(({ path }) => [path, values[path]]));
  const label = columns
    .map(({ path }) => `${shortNames(columns).get(path)}=${textOf(ordered[path])}`)
    .join(', ');
  return { label, values: ordered, definition };
}

/** The last part of a path, or all of it where two paths end alike. */
function shortNames(columns: readonly Column[]): ReadonlyMap<string, string> {
  const last = (path: string) => path.slice(path.lastIndexOf('.') + 1);
  return new Map(
    columns.map(({ path }) => {
      const alike = columns.filter((other) => last(other.path) === last(path)).length > 1;
      return [path, alike ? path : last(path)];
    }),
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Whatever holds the field, made where it is an object that may be left out; undefined where there can be none. */
function parentOf(
  root: object,
  path: string,
): { holder: Record<string, unknown>; key: string } | undefined {
  const keys = path.replace(/\[(\d+)\]/g, '.$1').split('.');
  let holder = root as Record<string, unknown>;
  for (const key of keys.slice(0, -1)) {
    if (UNSAFE.has(key)) return undefined;
    const next = holder[key];
    if (next === undefined && !/^\d+$/.test(key)) holder[key] = {};
    else if (typeof next !== 'object' || next === null) return undefined;
    holder = holder[key] as Record<string, unknown>;
  }
  const key = keys.at(-1) ?? '';
  return key === '' || UNSAFE.has(key) ? undefined : { holder, key };
}

const UNSAFE: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

function valuesOf(
  path: string,
  given: unknown,
  refuse: (path: string, given: unknown, allowed: string) => void,
): readonly unknown[] {
  const where = `sweep.vary["${path}"]`;
  if (Array.isArray(given)) {
    if (given.length === 0) refuse(where, given, 'at least one value');
    return given;
  }
  const { from, to, step, factor } = (given ?? {}) as Partial<SweepRange>;
  const isNumber = (n: unknown): n is number => typeof n === 'number' && Number.isFinite(n);
  if (!isNumber(from) || !isNumber(to) || to < from) {
    refuse(where, given, 'a list, or a range {from, to, step or factor} with to at or above from');
    return [];
  }
  if (step !== undefined && factor !== undefined) refuse(where, given, 'either step or factor');
  if (factor !== undefined && !(factor > 1 && from > 0)) {
    refuse(`${where}.factor`, factor, 'above 1, with from above 0');
    return [];
  }
  const by = step ?? 1;
  if (!(by > 0)) {
    refuse(`${where}.step`, step, 'above 0');
    return [];
  }
  const values: number[] = [];
  // counted, not summed up: sums of fractions drift
  for (let n = 0; values.length <= MAX_SWEEP_RUNS; n++) {
    const value = factor === undefined ? from + n * by : from * factor ** n;
    if (value > to * (1 + 1e-12)) break;
    values.push(value);
  }
  return values;
}
