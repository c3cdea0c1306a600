/** Opens the zones of an image: geometry, zone table, and whether both can be believed. */
import { ImageError } from '../errors.ts';
import { AUTOCLEAR } from '../format/features.ts';
import { l2EntryBytes } from '../format/header.ts';
import {
  blockHolds,
  blockOfZone,
  geometryAgrees,
  geometryAgreesButSize,
  getRecord,
  recordFault,
  type ZoneRecord,
  type ZoneTableContent,
  zoneTableBytes,
} from '../format/zone-table.ts';
import {
  describeZoned,
  type ZonedDescription,
  type ZonedDialect,
} from '../format/zoned-dialects.ts';
import { type ZoneTableInfo, zoneTablePlace } from '../format/zoned-extension.ts';
import type { Qcow2Image } from '../image/image.ts';
import type { ZoneMachineOptions } from '../zones/admission.ts';
import { ZoneMachine } from '../zones/machine.ts';
import { ZoneAttribute, type ZonedGeometry, ZoneState } from '../zones/zone.ts';
import { ExtensionStore } from './extension-store.ts';
import { loadArray, loadBare } from './foreign-zones.ts';
import { contradictions, fallBack } from './recovery.ts';

export interface LoadedZones {
  readonly dialect: ZonedDialect;
  readonly machine: ZoneMachine;
  /** Undefined where there is no zone table: in other dialects, and in a bare image of the first series. */
  readonly info: ZoneTableInfo | undefined;
  /** The zone table as the disk has it; empty where there is none. */
  readonly table: Buffer;
  readonly extensions: ExtensionStore;
  /** True after a crash or a foreign writer: `cutAtWritePointers` must come before a write. */
  readonly unsettled: boolean;
  /** Zones whose entry on disk is out of date, because the image was not closed cleanly. */
  readonly fallenBack: readonly number[];
  /** Why the zone table is not to be trusted; empty where it is. */
  readonly doubts: readonly string[];
}

/**
 * Undefined for an image without zones. Throws `invalid_image` and `unsupported_feature` for extensions that
 * contradict the image; a damaged table is no error here but a doubt.
 */
export function loadZones(
  image: Qcow2Image,
  options: ZoneMachineOptions,
  { verify = true }: { readonly verify?: boolean } = {},
): LoadedZones | undefined {
  const described = describeZoned(image.header);
  if (described === undefined) return undefined;
  const { dialect, geometry, info, extension } = described;
  const machine = new ZoneMachine(geometry, options);
  if (info === undefined) return loadOthers(image, described, machine);
  checkPlace(info, geometry, image);
  const table = readTable(image, info, geometry);
  const doubts = geometryDoubts(table, extension, geometry.size, info.unclean);
  for (let index = 0; index < geometry.zoneCount; index++) {
    const doubt = restoreZone(machine, table, index);
    if (doubt !== undefined) doubts.push(doubt);
  }
  const extensions = new ExtensionStore(image, machine, info.offset);
  doubts.push(...extensions.load());
  const foreign = verify && mayBeForeign(image, info);
  const fallenBack = verify && info.unclean && doubts.length === 0 ? fallBack(image, machine) : [];
  if (doubts.length === 0 && foreign) doubts.push(...contradictions(image, machine));
  const unsettled = foreign || info.unclean;
  return { dialect, machine, info, table, extensions, unsettled, fallenBack, doubts };
}

/** Zones without a zone table of ours: to be read, and to be converted. */
function loadOthers(
  image: Qcow2Image,
  { dialect, array }: ZonedDescription,
  machine: ZoneMachine,
): LoadedZones {
  const doubts = array ? loadArray(image, dialect, array, machine) : loadBare(image, machine);
  const table = Buffer.alloc(0);
  const extensions = new ExtensionStore(image, machine, 0);
  const settled = { unsettled: false, fallenBack: [] };
  return { dialect, machine, info: undefined, table, extensions, ...settled, doubts };
}

function checkPlace(info: ZoneTableInfo, geometry: ZonedGeometry, image: Qcow2Image): void {
  const expected = zoneTablePlace(geometry, image.clusterSize, l2EntryBytes(image.header));
  for (const field of ['offset', 'length'] as const)
    if (info[field] !== expected[field])
      throw new ImageError(
        'invalid_image',
        `zone table ${field}: ${info[field]}, but this geometry puts it at ${expected[field]}`,
        { field: `zone table ${field}`, given: info[field], allowed: `${expected[field]}` },
      );
}

function readTable(image: Qcow2Image, info: ZoneTableInfo, geometry: ZonedGeometry): Buffer {
  const table = Buffer.alloc(zoneTableBytes(geometry.zoneCount));
  image.read(info.offset, table);
  return table;
}

/** A crash may leave a resize half done: the header rules then, and recovery writes block 0 again. */
function geometryDoubts(
  table: Buffer,
  extension: Buffer,
  size: number,
  unclean: boolean,
): string[] {
  if (!blockHolds(table, 0)) return ['zone table block 0: the checksum does not hold'];
  const agrees = unclean && geometryAgreesButSize(table, extension);
  return agrees || geometryAgrees(table, extension, size)
    ? []
    : ['zone table block 0: it describes another geometry than the header'];
}

/** The zones as a zone table of another image of the same geometry holds them. */
export function contentOf({ extensions, machine }: LoadedZones): ZoneTableContent {
  const { attributes, geometry, resetCounts, states, writePointers } = machine;
  const values = new Map<number, Uint8Array>();
  const records = Array.from({ length: geometry.zoneCount }, (_, index): ZoneRecord => {
    const value = extensions.get(index);
    if (attributes[index] && value !== undefined) values.set(index, value);
    return {
      state: states[index] as ZoneState,
      conventional: index < geometry.conventionalZones,
      writePointer: writePointers[index] as number,
      resetCount: resetCounts[index] as number,
      attributes: attributes[index] as number,
    };
  });
  return { records, extensions: values };
}

/** Attributes that zones of a disk can have. */
export function attributesOf({ descriptorExtensionSize, zrwaSize }: ZonedGeometry): number {
  const zrwa = zrwaSize ? ZoneAttribute.zrwa : 0;
  return zrwa | (descriptorExtensionSize ? ZoneAttribute.extension : 0);
}

/** Loads one zone; returns why its entry cannot be believed, or undefined. */
function restoreZone(machine: ZoneMachine, table: Buffer, index: number): string | undefined {
  const {
    conventionalZones,
    zoneCapacity,
    zoneSize,
    size,
    logicalBlockSize: blockSize,
  } = machine.geometry;
  const attributes = attributesOf(machine.geometry);
  const start = index * zoneSize;
  const end = Math.min(start + zoneCapacity, size);
  const conventional = index < conventionalZones;
  const block = blockOfZone(index);
  const record: ZoneRecord = getRecord(table, index);
  const fault = blockHolds(table, block)
    ? recordFault(record, { conventional, start, end, blockSize, attributes })
    : `zone table block ${block}: the checksum does not hold`;
  if (fault === undefined) {
    machine.restore(index, record.state, record.writePointer, record.resetCount, record.attributes);
    return undefined;
  }
  machine.restore(index, ZoneState.ReadOnly, conventional ? start : end, 0);
  return `zone ${index}: ${fault}`;
}

/**
 * True where other software may have written since our last close: it cleared our bit, or left other sizes. After a
 * crash the remains of our own writes look the same, and recovery cuts them.
 */
function mayBeForeign(image: Qcow2Image, info: ZoneTableInfo): boolean {
  if (info.unclean) return false;
  if ((image.header.autoclearFeatures & AUTOCLEAR.zoneTableValid) === 0n) return true;
  return info.cleanSize !== image.size || info.cleanFileLength !== image.fileLength;
}

/** Throws `image_read_only` with the first doubt: what cannot be trusted must not be written. */
export function refuseDoubts(path: string, zones: LoadedZones | undefined): void {
  if (zones === undefined) return;
  if (zones.info === undefined)
    throw new ImageError(
      'image_read_only',
      `${path}: ${
        zones.dialect === 'native'
          ? 'the image has no zone table'
          : `the zones are of dialect ${zones.dialect}`
      }; it can be written once it is converted to the native dialect`,
      {
        path,
        field: 'zoned extension',
        given: zones.dialect,
        allowed: 'native, with a zone table',
      },
    );
  if (zones.doubts.length === 0) return;
  const [first, ...rest] = zones.doubts;
  const more = rest.length > 0 ? ` (and ${rest.length} more)` : '';
  throw new ImageError(
    'image_read_only',
    `${path}: the zone table must be repaired before the image can be written: ${first}${more}`,
    { path, field: 'zone table' },
  );
}
