/** `zonelab img info`: what an image's header tells, in qemu-img's two forms. */
import { type ImageInfo, inspectImage, type ZonedInfo } from '@zonelab/qcow2-zoned';
import { humanSize } from '../numbers.ts';
import { jsonText, type Output, type OutputForm } from '../output.ts';
import { SECTOR_BYTES } from '../zones/wire-names.ts';

type Details = { [key: string]: string | number | boolean | Details };

export async function imgInfo(file: string, form: OutputForm, out: Output): Promise<void> {
  const info = await inspectImage(file);
  out.write(form === 'json' ? jsonText(jsonOf(info)) : humanText(info));
}

function jsonOf(info: ImageInfo): object {
  return {
    'virtual-size': info.virtualSize,
    filename: info.path,
    'cluster-size': info.clusterSize,
    format: 'qcow2',
    'actual-size': info.actualSize,
    ...(info.encrypted && { encrypted: true }),
    ...(info.backingFile !== undefined && { 'backing-filename': info.backingFile }),
    'format-specific': { type: 'qcow2', data: formatSpecific(info) },
    'dirty-flag': info.dirty,
  };
}

function humanText(info: ImageInfo): string {
  const { path, virtualSize, actualSize, clusterSize, backingFile } = info;
  return [
    `image: ${path}\n`,
    'file format: qcow2\n',
    `virtual size: ${humanSize(virtualSize)} (${virtualSize} bytes)\n`,
    `disk size: ${humanSize(actualSize)}\n`,
    info.encrypted ? 'encrypted: yes\n' : '',
    `cluster_size: ${clusterSize}\n`,
    info.dirty ? 'cleanly shut down: no\n' : '',
    backingFile === undefined ? '' : `backing file: ${backingFile}\n`,
    `Format specific information:\n${detailLines(formatSpecific(info), '    ')}`,
  ].join('');
}

/** Keys as in qemu's QAPI; `zoned` comes on top. */
function formatSpecific(info: ImageInfo): Details {
  return {
    compat: info.version === 3 ? '1.1' : '0.10',
    'compression-type': info.compressionType,
    'lazy-refcounts': info.lazyRefcounts,
    'refcount-bits': info.refcountBits,
    corrupt: info.corrupt,
    'extended-l2': info.extendedL2,
    ...(info.zoned && { zoned: zonedDetails(info.zoned) }),
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
    .map(([key, value]) => {
      const name = `${indent}${key.replaceAll('-', ' ')}:`;
      if (typeof value !== 'object') return `${name} ${value}\n`;
      return `${name}\n${detailLines(value, `${indent}    `)}`;
    })
    .join('');
}
