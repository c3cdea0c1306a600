/** The commands of `zonelab io` that work on any disk: qemu-io's, with its names and its output. */

import type { ZonedDevice } from '@zonelab/qcow2-zoned';
import { faultLines } from '../faults.ts';
import { MAX_IO_BYTES } from '../limits.ts';
import { statisticSize } from '../numbers.ts';
import type { Output } from '../output.ts';
import { type CommandLine, IoUsageError, readNumber, readPattern } from './arguments.ts';

export interface IoContext {
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
  /** False when the command ran and its check did not hold. */
  run(context: IoContext, line: CommandLine): Promise<boolean>;
}

/** qemu-io fills with this where no pattern is given. */
export const DEFAULT_PATTERN = 0xcd;

/** Offset and length of a transfer. */
export function readRange(operands: readonly string[]): { offset: number; length: number } {
  const [offset, length] = operands.map(readNumber);
  if (offset === undefined || length === undefined) throw new IoUsageError('missing operand');
  checkLength(length);
  return { offset, length };
}

export function checkLength(length: number): void {
  if (length <= MAX_IO_BYTES) return;
  throw new IoUsageError(`length cannot exceed ${MAX_IO_BYTES}, given ${length}`);
}

const read: IoCommand = {
  names: ['read', 'r', 'aio_read'],
  usage: '[-Cqv] [-P pattern] off len',
  summary: 'reads a number of bytes at a specified offset',
  flags: 'CqvP:',
  minOperands: 2,
  maxOperands: 2,
  failure: 'read failed',
  async run(context, line) {
    const { offset, length } = readRange(line.operands);
    const wanted = line.flags.get('P');
    const pattern = wanted === undefined ? undefined : readPattern(wanted);
    const data = Buffer.alloc(length);
    const startMs = context.now();
    await context.device.read(offset, data);
    const durationMs = context.now() - startMs;
    const matches = pattern === undefined || data.equals(Buffer.alloc(length, pattern));
    if (!matches) {
      context.out.write(`Pattern verification failed at offset ${offset}, ${length} bytes\n`);
    }
    if (line.flags.has('v')) context.out.write(hexDump(offset, data));
    report(context, line, { verb: 'read', offset, length, durationMs });
    return matches;
  },
};

const write: IoCommand = {
  names: ['write', 'w', 'aio_write'],
  usage: '[-Cfquz] [-P pattern] off len',
  summary: 'writes a number of bytes at a specified offset',
  flags: 'CfquzP:',
  minOperands: 2,
  maxOperands: 2,
  failure: 'write failed',
  async run(context, line) {
    const { offset, length } = readRange(line.operands);
    const given = line.flags.get('P');
    if (line.flags.has('z') && given !== undefined) {
      throw new IoUsageError('-z and -P cannot be specified at the same time');
    }
    const pattern = given === undefined ? DEFAULT_PATTERN : readPattern(given);
    const startMs = context.now();
    if (line.flags.has('z')) await context.device.writeZeroes(offset, length);
    else await context.device.write(offset, Buffer.alloc(length, pattern));
    if (line.flags.has('f')) await context.device.flush();
    const durationMs = context.now() - startMs;
    report(context, line, { verb: 'wrote', offset, length, durationMs });
    return true;
  },
};

const discard: IoCommand = {
  names: ['discard', 'd'],
  usage: '[-Cq] off len',
  summary: 'discards a number of bytes at a specified offset',
  flags: 'Cq',
  minOperands: 2,
  maxOperands: 2,
  failure: 'discard failed',
  async run(context, line) {
    const [offset = 0, length = 0] = line.operands.map(readNumber);
    const startMs = context.now();
    await context.device.discard(offset, length);
    const durationMs = context.now() - startMs;
    report(context, line, { verb: 'discard', offset, length, durationMs });
    return true;
  },
};

const flush: IoCommand = {
  names: ['flush', 'f', 'aio_flush'],
  usage: '',
  summary: 'makes everything written so far durable',
  flags: '',
  minOperands: 0,
  maxOperands: 0,
  failure: 'flush failed',
  async run({ device }) {
    await device.flush();
    return true;
  },
};

const length: IoCommand = {
  names: ['length', 'l'],
  usage: '',
  summary: 'gets the length of the disk',
  flags: '',
  minOperands: 0,
  maxOperands: 0,
  failure: 'getlength failed',
  async run({ device, out }) {
    out.write(`${statisticSize(device.size)}\n`);
    return true;
  },
};

const map: IoCommand = {
  names: ['map'],
  usage: '',
  summary: 'prints the allocated areas of the disk',
  flags: '',
  minOperands: 0,
  maxOperands: 0,
  failure: 'map failed',
  async run({ device, out }) {
    let start = 0;
    for (const { length, data } of device.allocation(0, device.size)) {
      const size = `${statisticSize(length)} (0x${length.toString(16)}) bytes`;
      const place = `at offset ${statisticSize(start)} (0x${start.toString(16)})`;
      out.write(`${size} ${data ? '    allocated' : 'not allocated'} ${place}\n`);
      start += length;
    }
    return true;
  },
};

const faults: IoCommand = {
  names: ['faults'],
  usage: '',
  summary: 'prints how often each rule of the fault plan was met, and acted',
  flags: '',
  minOperands: 0,
  maxOperands: 0,
  failure: 'faults failed',
  async run({ device, out }) {
    out.write(faultLines(device.faultStatus() ?? []));
    return true;
  },
};

export const DISK_COMMANDS: readonly IoCommand[] = [
  read,
  write,
  discard,
  flush,
  length,
  map,
  faults,
];

interface Transfer {
  verb: string;
  offset: number;
  length: number;
  durationMs: number;
}

/** qemu-io's two lines of statistics, or one of comma-separated values with -C; none with -q. */
function report({ out }: IoContext, { flags }: CommandLine, transfer: Transfer): void {
  if (flags.has('q')) return;
  const { verb, offset, length, durationMs } = transfer;
  const seconds = Math.max(durationMs, 0.001) / 1000;
  if (flags.has('C')) {
    const time = `0:00:${seconds.toFixed(2).padStart(5, '0')}`;
    out.write(`${length},1,${time},${(length / seconds).toFixed(3)},${(1 / seconds).toFixed(3)}\n`);
    return;
  }
  out.write(`${verb} ${length}/${length} bytes at offset ${offset}\n`);
  const rate = `${statisticSize(length / seconds)}/sec and ${(1 / seconds).toFixed(4)} ops/sec`;
  const time = `${seconds.toFixed(2).padStart(5, '0')} sec`;
  out.write(`${statisticSize(length)}, 1 ops; ${time} (${rate})\n`);
}

function hexDump(offset: number, data: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < data.length; at += 16) {
    const row = data.subarray(at, at + 16);
    const bytes = [...row].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = [...row].map((byte) => (byte >= 0x20 && byte < 0x7f ? byte : 0x2e));
    const place = (offset + at).toString(16).padStart(8, '0');
    lines.push(`${place}:  ${bytes}  ${String.fromCharCode(...text)}\n`);
  }
  return lines.join('');
}
