/** `zonelab img dd`: copies blocks of one disk to a new image. */
import { convertToFile, convertZonedToFile, DiskRange, hasZones } from '@zonelab/qcow2-zoned';
import type { Output } from '../output.ts';
import {
  failure,
  type ImageFlags,
  type ImageFormat,
  namedImage,
  sizeOrRefuse,
} from './arguments.ts';
import { withDisk } from './open.ts';

const DEFAULT_BLOCK_BYTES = 512;
const MAX_BLOCK_BYTES = 0x7fff_ffff;

/** `operands`: dd's own, such as `bs=64k`. */
export async function imgDd(
  operands: readonly string[],
  flags: ImageFlags & { readonly O: ImageFormat },
  out: Output,
): Promise<void> {
  const { input, output, blockBytes, count, skip } = readOperands(operands);
  const target = namedImage(output, { imageOpts: flags.imageOpts });
  await withDisk(namedImage(input, flags), async (disk) => {
    // qemu-img counts blocks from the start of the disk, those that are skipped too
    const end = count === undefined ? disk.size : Math.min(disk.size, count * blockBytes);
    const start = skip * blockBytes;
    if (start > end) out.warn(`zonelab: ${input}: cannot skip to specified offset\n`);
    if (hasZones(disk)) {
      const partial = start > 0 || end < disk.size;
      if (flags.O === 'qcow2' && !partial) {
        await convertZonedToFile(disk.path, target.path);
        return;
      }
      const reason = partial ? 'a part of a disk has none' : 'a raw image has no place for them';
      out.warn(`zonelab: warning: the zones of '${input}' are lost: ${reason}\n`);
    }
    const range = new DiskRange(disk, start, Math.max(0, end - start));
    const create = { size: Math.ceil(range.size / DEFAULT_BLOCK_BYTES) * DEFAULT_BLOCK_BYTES };
    await convertToFile(range, target.path, { format: flags.O, create, sparseBytes: 0 });
  });
}

function readOperands(operands: readonly string[]) {
  const given = new Map<string, string>();
  for (const operand of operands) {
    const [name = '', ...value] = operand.split('=');
    if (!operand.includes('=') || !['bs', 'count', 'if', 'of', 'skip'].includes(name))
      throw failure(`unrecognized operand ${name}`);
    given.set(name, value.join('='));
  }
  const size = (name: string) => {
    const text = given.get(name);
    return text === undefined ? undefined : sizeOrRefuse(name, text);
  };
  const blockBytes = size('bs') ?? DEFAULT_BLOCK_BYTES;
  if (blockBytes < 1 || blockBytes > MAX_BLOCK_BYTES)
    throw failure(`Invalid bs specified. Must be between 1 and ${MAX_BLOCK_BYTES}.`);
  const [input, output] = [given.get('if'), given.get('of')];
  if (input === undefined || output === undefined)
    throw failure('Must specify both input and output files');
  return { input, output, blockBytes, count: size('count'), skip: size('skip') ?? 0 };
}
