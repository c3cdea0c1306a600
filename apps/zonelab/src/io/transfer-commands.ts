/** The commands of `zonelab io` that read and write, alone, of several lengths, and asynchronous by name. */
import { readFileSync } from 'node:fs';
import { type CommandLine, IoUsageError, readNumber, readPattern } from './arguments.ts';
import { checkLength, DEFAULT_PATTERN, type IoCommand, type IoContext } from './commands.ts';
import { plainDisk } from './target.ts';
import { hexDump, tell } from './transfer.ts';

const MANY = Number.POSITIVE_INFINITY;

/** Offset, and the lengths added up: several are one transfer. */
function readRange(operands: readonly string[]): { offset: number; length: number } {
  const [offset = 0, ...lengths] = operands.map(readNumber);
  const length = lengths.reduce((sum, one) => sum + one, 0);
  checkLength(length, operands.at(-1));
  return { offset, length };
}

/** Which bytes of what was read must be the pattern. */
function readExpectation({ flags }: CommandLine, length: number) {
  const pattern = flags.get('P');
  if (pattern === undefined) {
    if (flags.has('s') || flags.has('l')) throw new IoUsageError(undefined);
    return undefined;
  }
  const from = readNumber(flags.get('s') ?? '0');
  const count = flags.has('l') ? readNumber(flags.get('l') ?? '0') : length - from;
  if (count < 0 || from + count > length)
    throw new IoUsageError('pattern verification range exceeds end of read data');
  return { byte: readPattern(pattern), from, count };
}

async function readAndTell(context: IoContext, line: CommandLine): Promise<boolean> {
  const { offset, length } = readRange(line.operands);
  const expected = readExpectation(line, length);
  const data = Buffer.alloc(length);
  const startMs = context.now();
  await context.target.read(offset, data);
  const durationMs = context.now() - startMs;
  let matches = true;
  if (expected !== undefined) {
    const { byte, from, count } = expected;
    matches = data.subarray(from, from + count).equals(Buffer.alloc(count, byte));
    if (!matches)
      context.out.write(`Pattern verification failed at offset ${offset + from}, ${count} bytes\n`);
  }
  if (line.flags.has('v')) context.out.write(hexDump(offset, data));
  tell(context, line, { verb: 'read', offset, length, durationMs });
  return matches;
}

async function writeAndTell(context: IoContext, line: CommandLine): Promise<boolean> {
  const { offset, length } = readRange(line.operands);
  const { flags } = line;
  refuseCombinations(flags);
  const data = flags.has('z') ? undefined : fill(flags, length);
  const startMs = context.now();
  if (data === undefined) await context.target.writeZeroes(offset, length);
  else if (flags.has('c')) writeCompressed(context, offset, data);
  else await context.target.write(offset, data);
  if (flags.has('f')) await context.target.flush();
  const durationMs = context.now() - startMs;
  tell(context, line, { verb: 'wrote', offset, length, durationMs });
  return true;
}

function refuseCombinations(flags: CommandLine['flags']): void {
  if (flags.has('b')) throw new IoUsageError('-b is not supported: there is no VM state');
  if (flags.has('f') && flags.has('c'))
    throw new IoUsageError('-b or -c and -f or -u cannot be specified at the same time');
  if (flags.has('u') && !flags.has('z')) throw new IoUsageError('-u requires -z to be specified');
  if (flags.has('n') && !flags.has('z')) throw new IoUsageError('-n requires -z to be specified');
  if (['z', 'P', 's'].filter((flag) => flags.has(flag)).length > 1)
    throw new IoUsageError(
      flags.has('s')
        ? 'Only one of -z, -P, and -s can be specified at the same time'
        : '-z and -P cannot be specified at the same time',
    );
}

/** A pattern byte, or the content of a file over and over. */
function fill(flags: CommandLine['flags'], length: number): Buffer {
  const file = flags.get('s');
  if (file === undefined) {
    const given = flags.get('P');
    return Buffer.alloc(length, given === undefined ? DEFAULT_PATTERN : readPattern(given));
  }
  try {
    const content = readFileSync(file);
    if (content.length === 0) throw new IoUsageError(`${file}: file is empty`);
    return Buffer.alloc(length, content);
  } catch (error) {
    if (error instanceof IoUsageError) throw error;
    throw new IoUsageError(`${file}: No such file or directory`, { toStderr: true });
  }
}

/** Whole clusters only, but for the last of the disk. */
function writeCompressed(context: IoContext, offset: number, data: Buffer): void {
  const { image, size } = plainDisk(context.target);
  const clusterSize = image?.clusterSize ?? 1;
  const endsWhole = data.length % clusterSize === 0 || offset + data.length === size;
  if (image === undefined || offset % clusterSize !== 0 || !endsWhole)
    throw new IoUsageError('write failed: Invalid argument');
  for (let at = 0; at < data.length; at += clusterSize) {
    const cluster = Buffer.alloc(clusterSize);
    data.copy(cluster, 0, at);
    image.writeCompressed(offset + at, cluster);
  }
}

const read = {
  names: ['read', 'r'],
  usage: '[-abCqv] [-P pattern [-s off] [-l len]] off len',
  summary: 'reads a number of bytes at a specified offset',
  flags: 'abCl:pP:qs:v',
  minOperands: 2,
  maxOperands: 2,
  failure: 'read failed',
  run: readAndTell,
} satisfies IoCommand;

const write = {
  names: ['write', 'w'],
  usage: '[-bcCfnquz] [-P pattern | -s source_file] off len',
  summary: 'writes a number of bytes at a specified offset',
  flags: 'bcCfnpP:qs:uz',
  minOperands: 2,
  maxOperands: 2,
  failure: 'write failed',
  writes: true,
  run: writeAndTell,
} satisfies IoCommand;

export const TRANSFER_COMMANDS: readonly IoCommand[] = [
  read,
  {
    ...read,
    names: ['readv', 'rv'],
    usage: '[-Cqv] [-P pattern] off len [len..]',
    flags: 'CP:qv',
    maxOperands: MANY,
    failure: 'readv failed',
  },
  {
    ...read,
    names: ['aio_read'],
    usage: '[-Ciqv] [-P pattern] off len [len..]',
    summary: 'asynchronously reads a number of bytes',
    flags: 'CiP:qv',
    maxOperands: MANY,
    failure: 'readv failed',
    asynchronous: true,
  },
  write,
  {
    ...write,
    names: ['writev', 'wv'],
    usage: '[-Cfq] [-P pattern] off len [len..]',
    flags: 'CfP:q',
    maxOperands: MANY,
    failure: 'writev failed',
  },
  {
    ...write,
    names: ['aio_write'],
    usage: '[-Cfiquz] [-P pattern] off len [len..]',
    summary: 'asynchronously writes a number of bytes',
    flags: 'CfiP:quz',
    maxOperands: MANY,
    failure: 'aio_write failed',
    asynchronous: true,
  },
];
