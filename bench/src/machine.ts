/** What the figures were taken on, and how quiet it was. */
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { type Summary, summarize } from './statistics.ts';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly qemu: string;
}

/** Milliseconds that a fixed piece of arithmetic takes, and the machine's load average of one minute. */
export interface Noise {
  readonly loopMs: Summary;
  readonly load: number;
}

const LOOPS = 9;
const LOOP_STEPS = 20_000_000;
const GIB = 2 ** 30;

export function describeMachine(): Machine {
  const version = spawnSync('qemu-img', ['--version'], { encoding: 'utf8' }).stdout ?? '';
  return {
    processor: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / GIB),
    kernel: os.release(),
    node: process.versions.node,
    qemu: /version (\S+)/.exec(version)?.[1] ?? 'absent',
  };
}

/** Were the machine ours alone, all loops would take the same time: their spread is the noise. */
export function measureNoise(): Noise {
  const samples = Array.from({ length: LOOPS }, spin);
  return { loopMs: summarize(samples), load: os.loadavg()[0] ?? 0 };
}

function spin(): number {
  const start = performance.now();
  let state = 1;
  for (let step = 0; step < LOOP_STEPS; step++) state = (Math.imul(state, 1_664_525) + 1) | 0;
  const elapsed = performance.now() - start;
  // the result is used, so that the loop stays
  return state === 0 ? Number.NaN : elapsed;
}
