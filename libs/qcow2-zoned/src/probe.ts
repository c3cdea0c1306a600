/** What kind of image a file is, by its first bytes. Only for files that nobody writes: a guest can fake any of them. */
import { ImageError } from './errors.ts';
import type { BlockFile } from './file.ts';

export type DiskFormat = 'raw' | 'qcow2';

/** Signatures of formats that we do not read: their bytes are no disk. */
const FOREIGN: readonly [name: string, at: number, signature: string][] = [
  ['qcow version 1', 0, 'QFI\xfb\0\0\0\x01'],
  ['qed', 0, 'QED\0'],
  ['vmdk', 0, 'KDMV'],
  ['vmdk', 0, 'COWD'],
  ['vmdk', 0, '# Disk DescriptorFile'],
  ['vhdx', 0, 'vhdxfile'],
  ['vpc', 0, 'conectix'],
  ['vdi', 64, '\x7f\x10\xda\xbe'],
  ['luks', 0, 'LUKS\xba\xbe'],
];

const PROBE_BYTES = 512;

/** Throws `unsupported_feature` where the file is an image of another format. */
export function probeFormat(file: BlockFile): DiskFormat {
  const start = Buffer.alloc(PROBE_BYTES);
  file.read(start, 0);
  for (const [name, at, signature] of FOREIGN)
    if (start.toString('latin1', at, at + signature.length) === signature)
      throw new ImageError(
        'unsupported_feature',
        `${file.path}: the file looks like a ${name} image; give its format, qcow2 or raw, if it is not`,
        { path: file.path, field: 'format', given: name, allowed: 'qcow2 or raw' },
      );
  return start.toString('latin1', 0, 4) === 'QFI\xfb' ? 'qcow2' : 'raw';
}
