/**
 * Moves what an overlay holds into a file below it. All of it is durable there before the overlay is emptied: a crash
 * leaves a disk with the same content, whichever way it is read.
 */
import { commitZones, isZonedOverlay } from '../commit-zones.ts';
import { ImageError } from '../errors.ts';
import { type OpenDiskOptions, type OpenedDisk, openDisk } from '../open.ts';
import type { DiskFormat } from '../probe.ts';
import { type Layer, layersOf } from './backing-chain.ts';
import { hasZones } from './convert-zoned.ts';
import { copyDisk } from './copy.ts';
import { ImageSink } from './image-sink.ts';
import { COPY_BUFFER_BYTES } from './limits.ts';
import type { OperationOptions } from './pace.ts';
import { resizeDisk } from './resize.ts';
import { copyZoneTable, refuseMixedZones, settleZones } from './zone-tables.ts';

export interface CommitOptions extends OperationOptions {
  /** Of the overlay; without it the file is probed. */
  readonly format?: DiskFormat;
  /** Which file of the chain takes the data, 1 and up. Default 1, the overlay's own backing file. */
  readonly depth?: number;
  /** The overlay stays as it is. Default false. */
  readonly keep?: boolean;
  /** Stands between the engine and every file, as for `openDisk`. */
  readonly wrap?: OpenDiskOptions['wrap'];
}

/** Bytes of the overlay that are emptied between two flushes. */
const EMPTY_STEP_BYTES = 2 ** 36;

/**
 * An overlay of a zoned disk takes its zones along (`commitZones`); else the base gets the data alone.
 * A base that is smaller than the overlay grows; one that is larger keeps its size. Between base and overlay nobody
 * may rely on other overlays. Errors: `invalid_option` where there is no such base; those of opening and writing.
 */
export async function commitDisk(path: string, options: CommitOptions = {}): Promise<void> {
  const { depth = 1, keep = false, wrap } = options;
  const layers = await layersOf(path, options.format);
  const zoned = await settleTop(layers[0] as Layer, keep);
  const base = layers[depth];
  if (depth < 1 || base === undefined)
    throw new ImageError('invalid_option', `${path}: Image does not have a backing file`, {
      path,
      field: 'backing',
      given: depth,
      allowed: `a depth from 1 to ${layers.length - 1}`,
    });
  if (depth === 1 && layers[0]?.format === 'qcow2' && isZonedOverlay(path)) {
    await commitZones(path, { keep });
    return;
  }
  const open: OpenedDisk[] = [];
  try {
    const target = await add(open, base, { readOnly: false, wrap });
    for (const layer of layers.slice(1, depth).reverse())
      await add(open, layer, { readOnly: true, backing: open.at(-1) });
    const top = await add(open, layers[0] as Layer, { readOnly: keep, backing: open.at(-1), wrap });
    refuseMixedZones(top, target);
    await moveDown(top, target, depth, options);
    if (!keep) await empty(top);
    // where one cannot be closed in order, those still in the list are closed as they are
    for (let disk = open.pop(); disk !== undefined; disk = open.pop()) await disk.close();
  } finally {
    for (const disk of open) disk.abandon();
  }
  if (!zoned) return;
  await settleZones(base.path);
  if (!keep) await settleZones(path);
}

/** Write pointers of an overlay that was not closed cleanly are put right first. True where it has zones. */
async function settleTop({ path, format }: Layer, keep: boolean): Promise<boolean> {
  const top = await openDisk(path, { format, readOnly: true, shared: true, backing: false });
  top.abandon();
  const zoned = hasZones(top);
  if (zoned && !keep) await settleZones(path);
  return zoned;
}

async function add(
  open: OpenedDisk[],
  { path, format }: Layer,
  options: OpenDiskOptions,
): Promise<OpenedDisk> {
  const disk = await openDisk(path, { ...options, format });
  open.push(disk);
  return disk;
}

async function moveDown(
  top: OpenedDisk,
  base: OpenedDisk,
  depth: number,
  options: OperationOptions,
): Promise<void> {
  if (base.size < top.size) await resizeDisk(base, top.size);
  // data stays data, as it is in the overlay
  const sparseBytes = COPY_BUFFER_BYTES;
  await copyDisk(top, new ImageSink(base), { ...options, belowDepth: depth, sparseBytes });
  copyZoneTable(top, base);
  await base.flush();
}

async function empty(top: OpenedDisk): Promise<void> {
  for (let at = 0; at < top.size; at += EMPTY_STEP_BYTES) {
    top.image?.drop(at, Math.min(EMPTY_STEP_BYTES, top.size - at));
    await top.flush();
  }
}
