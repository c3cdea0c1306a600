/** Reads the flags of `zonelab img convert`, and refuses what qemu-img refuses. */
import type { ConvertOptions } from '@zonelab/qcow2-zoned';
import { readSize } from '../numbers.ts';
import {
  failure,
  type ImageFlags,
  type ImageFormat,
  type NamedImage,
  namedImage,
  sizeOrRefuse,
} from './arguments.ts';
import { type ImageOptions, readImageOptions } from './create-options.ts';
import { parseOptionList } from './option-list.ts';
import { readSnapshotName, type SnapshotName } from './snapshot-source.ts';

/** As commander hands them over. */
export interface ConvertFlags extends ImageFlags {
  readonly targetImageOpts?: true;
  readonly targetIsZero?: true;
  readonly bitmaps?: true;
  readonly skipBrokenBitmaps?: true;
  readonly salvage?: true;
  readonly C?: true;
  readonly c?: true;
  readonly p?: true;
  readonly q?: true;
  readonly n?: true;
  readonly t?: string;
  readonly O: string;
  readonly B?: string;
  readonly F?: string;
  readonly o: readonly string[];
  readonly l?: string;
  readonly S?: string;
  readonly r?: string;
  readonly m?: string;
}

export interface ConvertPlan {
  readonly sources: readonly NamedImage[];
  readonly target: NamedImage;
  /** Undefined: the target is there already. */
  readonly create: ImageOptions | undefined;
  readonly options: Omit<ConvertOptions, 'create' | 'format'>;
  readonly snapshot: SnapshotName | undefined;
  /** Whether bitmaps are copied, and if so, whether those that were not closed are left out. */
  readonly bitmaps: 'none' | 'all' | 'skip-broken';
  /** What cannot be read becomes zeroes, with warnings unless `quiet`. */
  readonly salvage: boolean;
  readonly quiet: boolean;
  readonly progress: boolean;
}

const MAX_COROUTINES = 16;
const MAX_SPARSE_BYTES = 16 * 1024 ** 2;

export function readConvertPlan(files: readonly string[], flags: ConvertFlags): ConvertPlan {
  if (flags.O !== 'raw' && flags.O !== 'qcow2') throw failure(`Unknown file format '${flags.O}'`);
  const format: ImageFormat = flags.O;
  if (flags.r !== undefined) sizeOrRefuse('rate limit', flags.r);
  refuseCoroutines(flags.m);
  const sparseBytes = readSparseBytes(flags.S);
  refuseCombinations(flags, files.length - 1);
  const [target, ...others] = [...files].reverse() as [string, ...string[]];
  const pairs = createPairs(flags);
  const backed = pairs.some(([name]) => name === 'backing_file');
  refuseBacking(flags, pairs, files.length - 1);
  if (flags.c && format === 'raw') throw failure('Compression not supported for this file format');
  return {
    sources: others.reverse().map((name) => namedImage(name, flags)),
    target: flags.targetImageOpts
      ? namedImage(target, { imageOpts: true })
      : namedImage(target, { f: format }),
    create: flags.n ? undefined : readImageOptions(pairs),
    options: {
      sparseBytes,
      compress: flags.c === true,
      targetIsZero: flags.targetIsZero === true,
      belowDepth: backed ? 1 : undefined,
      durable: flags.t !== undefined && flags.t !== 'unsafe',
    },
    snapshot: readSnapshotName(flags.l),
    bitmaps: flags.skipBrokenBitmaps ? 'skip-broken' : flags.bitmaps ? 'all' : 'none',
    salvage: flags.salvage === true,
    quiet: flags.q === true,
    progress: flags.p === true && flags.q !== true,
  };
}

/** The -o options; -B and -F are other names of two of them. */
function createPairs({ o, B, F }: ConvertFlags): [name: string, value: string][] {
  const pairs = o.flatMap(parseOptionList);
  if (B !== undefined) pairs.push(['backing_file', B]);
  if (F !== undefined) pairs.push(['backing_fmt', F]);
  return pairs;
}

function refuseCombinations(flags: ConvertFlags, sources: number): void {
  if (sources < 1) throw failure('Must specify image file name');
  if (flags.targetImageOpts && !flags.n)
    throw failure('--target-image-opts requires use of -n flag');
  if (flags.targetIsZero && !flags.n) throw failure('--target-is-zero requires use of -n flag');
  if (flags.skipBrokenBitmaps && !flags.bitmaps)
    throw failure('Use of --skip-broken-bitmaps requires --bitmaps');
  if (flags.C && flags.S !== undefined)
    throw failure('Cannot enable copy offloading when -S is used');
  if (flags.C && flags.c) throw failure('Cannot enable copy offloading when -c is used');
  if (flags.n && flags.o.length > 0) throw failure('-o has no effect when skipping image creation');
}

function refuseBacking(
  flags: ConvertFlags,
  pairs: readonly (readonly [name: string, value: string])[],
  sources: number,
): void {
  const given = (option: string) => pairs.some(([name]) => name === option);
  if (!given('backing_file')) return;
  if (flags.O === 'raw') throw failure("Backing file not supported for file format 'raw'");
  if (sources > 1)
    throw failure(
      'Having a backing file for the target makes no sense when concatenating multiple input images',
    );
  if (!flags.n && !given('backing_fmt'))
    throw failure('Use of backing file requires explicit backing format');
}

function refuseCoroutines(text: string | undefined): void {
  if (text === undefined) return;
  const number = /^\d+$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > MAX_COROUTINES)
    throw failure(
      `Invalid number of coroutines. Allowed number of coroutines is between 1 and ${MAX_COROUTINES}`,
    );
}

function readSparseBytes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = readSize(text);
  if (bytes !== undefined && bytes % 512 === 0 && bytes <= MAX_SPARSE_BYTES) return bytes;
  throw failure(
    'Invalid buffer size for sparse output specified. Valid sizes are multiples of 512 up to ' +
      `${MAX_SPARSE_BYTES}. Select 0 to disable sparse detection (fully allocates output).`,
  );
}
