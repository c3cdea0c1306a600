/** `zonelab img info`: what an image's header tells, in qemu-img's two forms. */
import {
  type Bitmap,
  type Encryption,
  type ImageInfo,
  inspectChain,
  inspectDisk,
  type LuksInfo,
  type RawInfo,
  type Snapshot,
  type ZonedInfo,
} from '@zonelab/qcow2-zoned';
import { humanSize } from '../numbers.ts';
import { jsonText, type Output, type OutputForm } from '../output.ts';
import { SECTOR_BYTES } from '../zones/wire-names.ts';
import type { NamedImage } from './arguments.ts';
import { opening } from './opening.ts';
import { instructionCount, snapshotListing } from './snapshot-listing.ts';

type Detail = string | number | boolean | Details | readonly Detail[];
type Details = { [key: string]: Detail };

export interface InfoOptions {
  readonly form: OutputForm;
  /** The files behind the image too. */
  readonly chain: boolean;
}

export async function imgInfo(
  { name, path, format }: NamedImage,
  { form, chain }: InfoOptions,
  out: Output,
): Promise<void> {
  const infos = await opening(name, async () =>
    chain ? await inspectChain(path, { format }) : [await inspectDisk(path, { format })],
  );
  if (form === 'human') out.write(infos.map(humanText).join('\n'));
  else {
    const told = infos.map(jsonOf);
    out.write(jsonText(chain ? told : told[0]));
  }
}

/** The order of the keys is qemu-img's, which lists them as its hash table has them. */
function jsonOf(info: ImageInfo | RawInfo): object {
  const { path: filename, format, virtualSize, actualSize } = info;
  if (format === 'raw')
    return {
      'virtual-size': virtualSize,
      filename,
      format,
      'actual-size': actualSize,
      'dirty-flag': false,
    };
  const { backingFile, backingFormat, snapshots } = info;
  return {
    ...(backingFormat !== undefined && { 'backing-filename-format': backingFormat }),
    ...(snapshots.length > 0 && { snapshots: snapshots.map(snapshotJson) }),
    'virtual-size': virtualSize,
    filename,
    'cluster-size': info.clusterSize,
    format,
    'actual-size': actualSize,
    'format-specific': { type: 'qcow2', data: formatSpecific(info) },
    ...(backingFile !== undefined && { 'full-backing-filename': fullBackingName(info) }),
    ...(info.encrypted && { encrypted: true }),
    ...(backingFile !== undefined && { 'backing-filename': backingFile }),
    'dirty-flag': info.dirty,
  };
}

/** Names with a protocol stay as they are. */
function fullBackingName({ backingFile, backingPath }: ImageInfo): string {
  return backingFile?.startsWith('file:') ? backingFile : (backingPath ?? backingFile ?? '');
}

const NS_PER_SECOND = 1_000_000_000n;

function snapshotJson({ id, name, date, guestClockNs, vmStateSize, extra }: Snapshot): object {
  const icount = instructionCount(extra);
  return {
    ...(icount !== '' && { icount: Number(icount) }),
    'vm-clock-nsec': Number(guestClockNs % NS_PER_SECOND),
    name,
    'date-sec': date.seconds,
    'date-nsec': date.nanoseconds,
    'vm-clock-sec': Number(guestClockNs / NS_PER_SECOND),
    id,
    'vm-state-size': vmStateSize,
  };
}

function humanText(info: ImageInfo | RawInfo): string {
  const { path, format, virtualSize, actualSize } = info;
  const common = [
    `image: ${path}\n`,
    `file format: ${format}\n`,
    `virtual size: ${humanSize(virtualSize)} (${virtualSize} bytes)\n`,
    `disk size: ${humanSize(actualSize)}\n`,
  ].join('');
  if (format === 'raw') return common;
  const { backingFile, backingFormat } = info;
  const actual = fullBackingName(info);
  return [
    common,
    info.encrypted ? 'encrypted: yes\n' : '',
    `cluster_size: ${info.clusterSize}\n`,
    info.dirty ? 'cleanly shut down: no\n' : '',
    backingFile === undefined
      ? ''
      : `backing file: ${backingFile}${actual === backingFile ? '' : ` (actual path: ${actual})`}\n`,
    backingFormat === undefined ? '' : `backing file format: ${backingFormat}\n`,
    snapshotListing(info.snapshots),
    formatSpecificText(info),
  ].join('');
}

/** The end of what is told of a qcow2 image. */
export function formatSpecificText(info: ImageInfo): string {
  return `Format specific information:\n${detailLines(formatSpecific(info), '    ')}`;
}

/** Keys as in qemu's QAPI; what comes on top is last. */
function formatSpecific(info: ImageInfo): Details {
  const { version, encryption, dataFile, bitmaps, zoned } = info;
  return {
    compat: version === 3 ? '1.1' : '0.10',
    'compression-type': info.compressionType,
    ...(version === 3 && { 'lazy-refcounts': info.lazyRefcounts }),
    ...(bitmaps.length > 0 && { bitmaps: bitmaps.map(bitmapDetails) }),
    'refcount-bits': info.refcountBits,
    ...(dataFile?.file !== undefined && { 'data-file': dataFile.file }),
    ...(encryption && { encrypt: encryptionDetails(encryption) }),
    ...(dataFile && { 'data-file-raw': dataFile.raw }),
    ...(version === 3 && { corrupt: info.corrupt, 'extended-l2': info.extendedL2 }),
    ...(!info.locks && { locks: 'not on this platform' }),
    ...(zoned && { zoned: zonedDetails(zoned) }),
  };
}

function bitmapDetails({ inUse, auto, name, granularity }: Bitmap): Details {
  return { flags: [...(inUse ? ['in-use'] : []), ...(auto ? ['auto'] : [])], name, granularity };
}

function encryptionDetails({ method, luks }: Encryption): Details {
  return luks === undefined ? { format: method } : luksDetails(luks);
}

function luksDetails(luks: LuksInfo): Details {
  return {
    'ivgen-alg': luks.ivGenerator,
    ...(luks.ivHash !== undefined && { 'ivgen-hash-alg': luks.ivHash }),
    'hash-alg': luks.hash,
    'cipher-alg': luks.cipher,
    uuid: luks.uuid,
    format: 'luks',
    'cipher-mode': luks.cipherMode,
    slots: luks.slots.map(({ active, iterations, keyOffset, stripes }) => ({
      active,
      ...(active && { iters: iterations }),
      'key-offset': keyOffset,
      ...(active && { stripes }),
    })),
    'payload-offset': luks.payloadOffset,
    'master-key-iters': luks.masterKeyIterations,
  };
}

/** The fields of the zoned header extension, then the facts of the zone table. Sizes are bytes. */
function zonedDetails({ dialect, geometry, zoneTable }: ZonedInfo): Details {
  return {
    dialect,
    'zoned-profile': geometry.profile,
    zoned: 'host-managed',
    'zone-size': geometry.zoneSize,
    'zone-capacity': geometry.zoneCapacity,
    'nr-zones': geometry.zoneCount,
    'zone-nr-conv': geometry.conventionalZones,
    'max-active-zones': geometry.maxActiveZones,
    'max-open-zones': geometry.maxOpenZones,
    'max-append-sectors': geometry.maxAppendBytes / SECTOR_BYTES,
    'logical-block-size': geometry.logicalBlockSize,
    ...(zoneTable && {
      'zone-table': {
        offset: zoneTable.offset,
        length: zoneTable.length,
        valid: zoneTable.valid,
        'cleanly-closed': !zoneTable.unclean,
      },
    }),
  };
}

/** `key: value` lines, dashes shown as spaces, as qemu-img prints format specific information. */
function detailLines(details: Details, indent: string): string {
  return Object.entries(details)
    .map(([key, value]) => detailLine(key.replaceAll('-', ' '), value, indent))
    .join('');
}

function detailLine(name: string, value: Detail, indent: string): string {
  if (typeof value !== 'object') return `${indent}${name}: ${value}\n`;
  const items: Details = Array.isArray(value)
    ? Object.fromEntries(value.map((item, index) => [`[${index}]`, item]))
    : (value as Details);
  return `${indent}${name}:\n${detailLines(items, `${indent}    `)}`;
}
