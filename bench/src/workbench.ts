/** What a benchmark is, and what it is given to work with. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { type Contest, compare, type Figure } from './figure.ts';

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
export const TIB = 1024 * GIB;

export interface Benchmark {
  readonly name: string;
  /** One line for the list. */
  readonly about: string;
  /** Commands that must be on PATH. */
  readonly tools: readonly string[];
  run(bench: Workbench): Promise<Figure[]>;
}

export class Workbench {
  constructor(
    /** For files; emptied after each benchmark. */
    readonly folder: string,
    /** True: sizes that show only that the benchmark works. */
    readonly tiny: boolean,
    readonly turns: number,
    /** The command line of this checkout. */
    readonly zonelab: string,
  ) {}

  /** `full`, or `tiny` where the sizes are to be small. */
  size<T>(full: T, tiny: T): T {
    return this.tiny ? tiny : full;
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  /** @param turns at most; a tiny run takes fewer */
  compare(contest: Contest, turns = this.turns): Promise<Figure[]> {
    return compare(contest, Math.min(turns, this.turns));
  }
}

/** Runs a command to its end; throws with what it said where it fails. Returns standard output. */
export function run(command: string, ...words: string[]): string {
  const result = spawnSync(command, words, { encoding: 'utf8', maxBuffer: 64 * MIB });
  if (result.error) throw result.error;
  if (result.status === 0) return result.stdout;
  throw new Error(`${command} ${words.join(' ')}: exit ${result.status}: ${result.stderr}`);
}

/** Seconds that a command takes as a process, start-up and all. */
export function timeProcess(command: string, ...words: string[]): number {
  const start = performance.now();
  run(command, ...words);
  return (performance.now() - start) / 1000;
}
