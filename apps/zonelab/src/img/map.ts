/** `zonelab img map`: what a disk is made of, and which file of its chain answers for it. */
import { type OpenedDisk, type PlacedExtent, walkExtents } from '@zonelab/qcow2-zoned';
import type { Output, OutputForm } from '../output.ts';
import { failure, type NamedImage } from './arguments.ts';
import { withDisk } from './open.ts';

export interface MapOptions {
  readonly form: OutputForm;
  /** Bytes. */
  readonly start: number;
  /** Bytes; undefined: to the end. */
  readonly maxLength: number | undefined;
}

/** Printed when there is nothing to tell of. */
const NOTHING = {
  ...{ length: 0, depth: 0, present: false, zero: false, data: false, compressed: false },
  hostOffset: undefined,
};

export function imgMap(image: NamedImage, options: MapOptions, out: Output): Promise<void> {
  return withDisk(image, (disk) => {
    const { start, maxLength = disk.size } = options;
    const end = Math.min(disk.size, start + maxLength);
    if (options.form === 'json') printJson(disk, start, end, out);
    else printHuman(disk, start, end, out);
  });
}

function printJson(disk: OpenedDisk, start: number, end: number, out: Output): void {
  let separator = '[';
  const print = (extent: PlacedExtent): void => {
    out.write(separator + jsonEntry(extent));
    separator = ',\n';
  };
  if (start >= end) print({ ...NOTHING, start });
  for (const extent of walkExtents(disk, start, end)) print(extent);
  out.write(']\n');
}

function jsonEntry({
  start,
  length,
  depth,
  present,
  zero,
  data,
  hostOffset,
}: PlacedExtent): string {
  const fields = { start, length, depth, present, zero, data, offset: hostOffset };
  const pairs = Object.entries(fields).filter(([, value]) => value !== undefined);
  const text = pairs.map(([key, value]) => `"${key}": ${value}`).join(', ');
  return `{ ${text}}`;
}

function printHuman(disk: OpenedDisk, start: number, end: number, out: Output): void {
  const row = (...cells: string[]) =>
    out.write(`${cells.map((cell, i) => (i < 3 ? cell.padEnd(16) : cell)).join('')}\n`);
  const hex = (bytes: number) => (bytes === 0 ? '0' : `0x${bytes.toString(16)}`);
  row('Offset', 'Length', 'Mapped to', 'File');
  for (const extent of walkExtents(disk, start, end)) {
    if (extent.zero || !extent.data) continue;
    if (extent.hostOffset === undefined)
      throw failure('File contains external, encrypted or compressed clusters.');
    const { path } = layer(disk, extent.depth);
    row(hex(extent.start), hex(extent.length), hex(extent.hostOffset), path);
  }
}

/** The disk that answers at a depth of the chain. */
function layer(disk: OpenedDisk, depth: number): OpenedDisk {
  let found = disk;
  for (let level = 0; level < depth && found.backing !== undefined; level++) found = found.backing;
  return found;
}
