/** `zonelab img create`. */
import { type CreateOptions, createImage, invalidOption } from '@zonelab/qcow2-zoned';
import type { Output } from '../output.ts';
import { SECTOR_BYTES } from '../zones/wire-names.ts';
import { createOptionsHelp, readCreateOptions } from './create-options.ts';
import { parseOptionList } from './option-list.ts';

export interface CreateArguments {
  readonly format: string;
  readonly file: string;
  readonly size?: string;
  /** The texts of all -o. */
  readonly options: readonly string[];
  readonly quiet: boolean;
}

/** qemu's default, 64 KiB. */
const DEFAULT_CLUSTER_BYTES = 65_536;

export async function imgCreate(args: CreateArguments, out: Output): Promise<void> {
  if (args.format !== 'qcow2') throw invalidOption('-f', args.format, 'qcow2');
  const pairs = args.options.flatMap(parseOptionList);
  if (pairs.some(([name]) => name === 'help' || name === '?')) {
    out.write(createOptionsHelp());
    return;
  }
  const options = readCreateOptions(args.size, pairs);
  await createImage(args.file, options);
  if (!args.quiet) out.write(formattingLine(args.file, options));
}

/** qemu-img's line, with the zoned options where the proposals add them. */
function formattingLine(file: string, { size, clusterSize, zoned }: CreateOptions): string {
  const cluster = `cluster_size=${clusterSize ?? DEFAULT_CLUSTER_BYTES}`;
  const zones = zoned
    ? [
        `zoned_profile=${zoned.profile ?? 'zbc'}`,
        `zone_size=${zoned.zoneSize}`,
        `zone_capacity=${zoned.zoneCapacity ?? zoned.zoneSize}`,
        `zone_nr_conv=${zoned.conventionalZones ?? 0}`,
        `max_append_sectors=${(zoned.maxAppendBytes ?? 0) / SECTOR_BYTES}`,
        `max_active_zones=${zoned.maxActiveZones ?? 0}`,
        `max_open_zones=${zoned.maxOpenZones ?? 0}`,
      ]
    : [];
  const words = [
    `fmt=qcow2 ${cluster} extended_l2=off compression_type=zlib`,
    ...zones,
    `size=${size} lazy_refcounts=off refcount_bits=16`,
  ];
  return `Formatting '${file}', ${words.join(' ')}\n`;
}
