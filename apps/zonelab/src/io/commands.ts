/** The commands of `zonelab io` that work on any disk: qemu-io's, with its names and its output. */
import { setTimeout } from 'node:timers/promises';
import type { ZonedDevice } from '@zonelab/qcow2-zoned';
import { resizeDisk } from '@zonelab/qcow2-zoned';
import { faultLines } from '../faults.ts';
import { MAX_IO_BYTES } from '../limits.ts';
import { statisticSize } from '../numbers.ts';
import type { Output } from '../output.ts';
import { type CommandLine, IoUsageError, readNumber } from './arguments.ts';
import type { IoFile } from './io-file.ts';
import { type IoTarget, plainDisk } from './target.ts';
import { tell } from './transfer.ts';

export interface IoContext {
  readonly file: IoFile;
  /** What is open. Commands that ask for it are not run without. */
  readonly target: IoTarget;
  /** The target as a device with zones. Throws `invalid_zone_operation` where it has none. */
  readonly device: ZonedDevice;
  readonly out: Output;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
}

export interface IoCommand {
  readonly names: readonly string[];
  /** What follows the name, for help and for messages. */
  readonly usage: string;
  readonly summary: string;
  /** Flags, as getopt writes them. */
  readonly flags: string;
  readonly minOperands: number;
  readonly maxOperands: number;
  /** How a refusal of the device begins: `write failed`. */
  readonly failure: string;
  /** Flags count as operands where their number is checked. */
  readonly countsWords?: boolean;
  /** Runs where no file is open, too. */
  readonly needsNoFile?: boolean;
  /** Refused on an image that is open read-only, before anything else. */
  readonly writes?: boolean;
  /** Counts as a success whatever becomes of it. */
  readonly asynchronous?: boolean;
  /** False when the command ran and its check did not hold. */
  run(context: IoContext, line: CommandLine): Promise<boolean>;
}

/** qemu-io fills with this where no pattern is given. */
export const DEFAULT_PATTERN = 0xcd;

/** `given`: the length as it was typed. */
export function checkLength(length: number, given = String(length)): void {
  if (length <= MAX_IO_BYTES) return;
  throw new IoUsageError(`length cannot exceed ${MAX_IO_BYTES}, given ${given}`);
}

const discard: IoCommand = {
  names: ['discard', 'd'],
  usage: '[-Cq] off len',
  summary: 'discards a number of bytes at a specified offset',
  flags: 'Cq',
  minOperands: 2,
  maxOperands: 2,
  failure: 'discard failed',
  writes: true,
  async run(context, line) {
    const [offset = 0, length = 0] = line.operands.map(readNumber);
    const startMs = context.now();
    await context.target.discard(offset, length);
    const durationMs = context.now() - startMs;
    tell(context, line, { verb: 'discard', offset, length, durationMs });
    return true;
  },
};

/** A command without flags. */
export function simple(
  names: readonly string[],
  summary: string,
  run: IoCommand['run'],
  more: Partial<IoCommand> = {},
): IoCommand {
  const operands = { minOperands: 0, maxOperands: 0, usage: '', flags: '' };
  return { names, summary, failure: `${names[0]} failed`, ...operands, ...more, run };
}

const flush = simple(['flush', 'f'], 'flush all in-core file state to disk', async ({ target }) => {
  if (!target.readOnly) await target.flush();
  return true;
});

/** Requests are complete when their command ends. */
const aioFlush = simple(['aio_flush'], 'completes all outstanding aio requests', async () => true);

const length = simple(
  ['length', 'l'],
  'gets the length of the current file',
  async ({ target, out }) => {
    out.write(`${statisticSize(target.size)}\n`);
    return true;
  },
  { failure: 'getlength failed' },
);

/** Runs of bytes that the topmost file says something about, or nothing. */
function* allocatedRuns(target: IoTarget, offset: number, bytes: number) {
  let run: { start: number; length: number; allocated: boolean } | undefined;
  let start = offset;
  for (const { length, present, depth } of target.allocation(offset, bytes)) {
    const allocated = present && depth === 0;
    if (run?.allocated === allocated) run.length += length;
    else {
      if (run !== undefined) yield run;
      run = { start, length, allocated };
    }
    start += length;
  }
  if (run !== undefined) yield run;
}

const map = simple(['map'], 'prints the allocated areas of a file', async ({ target, out }) => {
  for (const { start, length: bytes, allocated } of allocatedRuns(target, 0, target.size)) {
    const size = `${statisticSize(bytes)} (0x${bytes.toString(16)}) bytes`;
    const place = `at offset ${statisticSize(start)} (0x${start.toString(16)})`;
    out.write(`${size} ${allocated ? '    allocated' : 'not allocated'} ${place}\n`);
  }
  return true;
});

const alloc = simple(
  ['alloc'],
  'checks if offset is allocated in the file',
  async ({ target, out }, { operands }) => {
    const [offset = 0, count = 512] = operands.map(readNumber);
    let sum = 0;
    for (const { length: bytes, allocated } of allocatedRuns(target, offset, count))
      if (allocated) sum += bytes;
    out.write(`${sum}/${count} bytes allocated at offset ${statisticSize(offset)}\n`);
    return true;
  },
  { usage: 'offset [count]', minOperands: 1, maxOperands: 2 },
);

const truncate = simple(
  ['truncate', 't'],
  'truncates the current file at the given offset',
  async ({ target }, { operands, flags }) => {
    const mode = flags.get('m') ?? 'off';
    const preallocation = (['off', 'metadata', 'falloc', 'full'] as const).find(
      (known) => known === mode,
    );
    if (preallocation === undefined) throw new IoUsageError(`Invalid preallocation mode '${mode}'`);
    await resizeDisk(plainDisk(target), readNumber(operands[0] ?? ''), { preallocation });
    return true;
  },
  { usage: '[-m prealloc_mode] off', flags: 'm:', minOperands: 1, maxOperands: 1, writes: true },
);

const sleep = simple(
  ['sleep'],
  'waits for the given value in milliseconds',
  async (_context, { operands }) => {
    await setTimeout(readNumber(operands[0] ?? ''));
    return true;
  },
  { minOperands: 1, maxOperands: 1, needsNoFile: true },
);

const faults = simple(
  ['faults'],
  'prints how often each rule of the fault plan was met, and acted',
  async ({ device, out }) => {
    out.write(faultLines(device.faultStatus() ?? []));
    return true;
  },
);

export const DISK_COMMANDS: readonly IoCommand[] = [
  discard,
  flush,
  aioFlush,
  length,
  map,
  alloc,
  truncate,
  sleep,
  faults,
];
