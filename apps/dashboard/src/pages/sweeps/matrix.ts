/** The runs of a sweep as rows and columns of what varied. */

import type { Experiment } from '../../api/experiments.ts';

export interface Matrix {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** By row, then column; undefined where a combination was not run. */
  readonly cells: readonly (readonly (Experiment | undefined)[])[];
}

/** `paths`: the first gives the rows, the others together the columns. */
export function matrixOf(runs: readonly Experiment[], paths: readonly string[]): Matrix {
  const [down, ...across] = paths;
  const rowOf = ({ definition }: Experiment) => String(valueAt(definition, down ?? ''));
  const columnOf = ({ definition }: Experiment) =>
    across.map((path) => String(valueAt(definition, path))).join(', ');
  const rows = [...new Set(runs.map(rowOf))];
  const columns = [...new Set(runs.map(columnOf))];
  const byPlace = new Map(runs.map((run) => [`${rowOf(run)}|${columnOf(run)}`, run]));
  const cells = rows.map((row) => columns.map((column) => byPlace.get(`${row}|${column}`)));
  return { rows, columns, cells };
}

/** The value at a path such as `workload.phases[0].queueDepth`. */
export function valueAt(document: unknown, path: string): unknown {
  const keys = path.split(/[.[\]]+/).filter((key) => key !== '');
  let value = document;
  for (const key of keys) value = (value as Record<string, unknown> | undefined)?.[key];
  return value;
}
