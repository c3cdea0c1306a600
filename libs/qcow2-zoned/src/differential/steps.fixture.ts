/** Sequences of operations on a disk: what they are, and how they are drawn. Sizes and offsets are bytes. */
import { KiB, MiB } from '../disk.fixture.ts';
import { randomFrom } from '../random.fixture.ts';
import type { Choice } from './options.fixture.ts';

/** What needs the image open. */
export type IoStep =
  | { readonly op: 'write'; readonly at: number; readonly length: number; readonly byte: number }
  | {
      readonly op: 'compressed';
      readonly at: number;
      readonly length: number;
      readonly byte: number;
    }
  | { readonly op: 'zeroes'; readonly at: number; readonly length: number; readonly unmap: boolean }
  | { readonly op: 'discard'; readonly at: number; readonly length: number }
  | { readonly op: 'flush' };

/** What is done to a closed one. */
export type ImageStep =
  | { readonly op: 'reopen' }
  /** Each side goes on with the other's file. */
  | { readonly op: 'swap' }
  | { readonly op: 'snapshot'; readonly name: string }
  | { readonly op: 'apply'; readonly name: string }
  | { readonly op: 'delete'; readonly name: string }
  | { readonly op: 'resize'; readonly size: number }
  | { readonly op: 'commit' }
  | { readonly op: 'rebase'; readonly to: 'none' | 'other'; readonly unsafe: boolean };

export type Step = IoStep | ImageStep;

export interface Sequence {
  readonly seed: number;
  readonly choice: Choice;
  readonly size: number;
  readonly steps: readonly Step[];
}

export const SECTOR = 512;
const MIN_STEPS = 40;
const MAX_EXTRA_STEPS = 16;
const SNAPSHOT_NAMES = ['a', 'b', 'c'];

const IO_OPS = ['write', 'compressed', 'zeroes', 'discard', 'flush'];

export function isIo(step: Step): step is IoStep {
  return IO_OPS.includes(step.op);
}

/** The sequence of a seed, among the kinds of steps that `allowed` lets pass. */
export function drawSequence(
  seed: number,
  choice: Choice,
  allowed: (op: Step['op'], choice: Choice) => boolean,
): Sequence {
  const random = randomFrom(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const size = drawSize(choice.clusterSize, below);
  const count = MIN_STEPS + below(MAX_EXTRA_STEPS);
  const steps: Step[] = [];
  while (steps.length < count) {
    const step = drawStep(choice.clusterSize, size, random);
    if (allowed(step.op, choice)) steps.push(step);
  }
  return { seed, choice, size, steps };
}

/** Some clusters, and often not a whole number of them. */
function drawSize(clusterSize: number, below: (count: number) => number): number {
  const whole = Math.max(Math.min(Math.max(clusterSize * 32, 128 * KiB), MiB), 2 * clusterSize);
  return below(3) === 0 ? whole : whole - SECTOR * below(clusterSize / SECTOR + 8);
}

function drawStep(clusterSize: number, size: number, random: () => number): Step {
  const below = (count: number): number => Math.floor(random() * count);
  const pick = <T>(...values: T[]): T => values[below(values.length)] as T;
  const roll = below(100);
  if (roll < 34) return { op: 'write', ...drawRange(clusterSize, size, random), byte: below(256) };
  if (roll < 42) return drawCompressed(clusterSize, size, random);
  if (roll < 56) {
    const range = drawRange(clusterSize, size, random);
    return { op: 'zeroes', ...range, unmap: random() < 0.5 };
  }
  if (roll < 68) return { op: 'discard', ...drawRange(clusterSize, size, random) };
  if (roll < 71) return { op: 'flush' };
  if (roll < 75) return { op: 'reopen' };
  if (roll < 79) return { op: 'swap' };
  if (roll < 83) return { op: 'snapshot', name: pick(...SNAPSHOT_NAMES) };
  if (roll < 86) return { op: 'apply', name: pick(...SNAPSHOT_NAMES) };
  if (roll < 89) return { op: 'delete', name: pick(...SNAPSHOT_NAMES) };
  if (roll < 94) return { op: 'resize', size: drawResize(clusterSize, size, below) };
  if (roll < 97) return { op: 'commit' };
  return { op: 'rebase', to: pick('none', 'other'), unsafe: random() < 0.3 };
}

/** Whole clusters or odd sectors, inside one cluster or across several; the end of the disk more often than not. */
function drawRange(clusterSize: number, size: number, random: () => number) {
  const below = (count: number): number => Math.floor(random() * count);
  const unit =
    random() < 0.3 ? clusterSize : random() < 0.5 ? Math.min(clusterSize, 2 * KiB) : SECTOR;
  const at = Math.min(below(Math.ceil(size / unit)) * unit, size - SECTOR);
  const most = Math.min(size - at, random() < 0.2 ? 24 * clusterSize : 3 * clusterSize, 4 * MiB);
  if (random() < 0.08) return { at, length: size - at };
  const length = Math.max(SECTOR, Math.min(unit * (1 + below(Math.ceil(most / unit))), size - at));
  return { at, length };
}

function drawCompressed(clusterSize: number, size: number, random: () => number): Step {
  const cluster = Math.floor((random() * size) / clusterSize);
  const at = cluster * clusterSize;
  const length = Math.min(clusterSize * (1 + Math.floor(random() * 3)), size - at);
  return { op: 'compressed', at, length, byte: Math.floor(random() * 256) };
}

function drawResize(clusterSize: number, size: number, below: (count: number) => number): number {
  const change = SECTOR * below((8 * clusterSize) / SECTOR);
  return Math.max(clusterSize, below(2) === 0 ? size + change : size - change);
}
