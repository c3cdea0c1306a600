/** Every benchmark, in the order in which they run. */
import { check } from './benchmarks/check.ts';
import { convert } from './benchmarks/convert.ts';
import { dashboard } from './benchmarks/dashboard.ts';
import { fleets } from './benchmarks/fleets.ts';
import { info } from './benchmarks/info.ts';
import { nbd } from './benchmarks/nbd.ts';
import { open } from './benchmarks/open.ts';
import { randomRead } from './benchmarks/random-read.ts';
import { simulator } from './benchmarks/simulator.ts';
import { sweep } from './benchmarks/sweep.ts';
import { trace } from './benchmarks/trace.ts';
import { zoneMachine } from './benchmarks/zone-machine.ts';
import type { Benchmark } from './workbench.ts';

export const BENCHMARKS: readonly Benchmark[] = [
  convert,
  check,
  randomRead,
  open,
  info,
  nbd,
  zoneMachine,
  simulator,
  sweep,
  trace,
  fleets,
  dashboard,
];
