/** The zones of an image under check: whether their table can be believed, and a new table where it cannot. */
import { attributesOf, loadZones } from '../device/load.ts';
import { cutAtWritePointers, endOfData } from '../device/recovery.ts';
import type { BlockFile } from '../file.ts';
import { backingPath } from '../file-name.ts';
import { AUTOCLEAR } from '../format/feature-bits.ts';
import {
  EXTENSION,
  findExtension,
  l2EntryBytes,
  type Qcow2Header,
  readHeader,
} from '../format/header.ts';
import { rewriteHeader, withExtension } from '../format/header-rewrite.ts';
import {
  blockHolds,
  blockOfZone,
  extensionPieces,
  getRecord,
  putGeometry,
  putRecord,
  recordFault,
  sealBlock,
  ZONE_BLOCK_BYTES,
  type ZoneRecord,
  zoneTableBytes,
} from '../format/zone-table.ts';
import {
  bytesPerL1Entry,
  decodeZonedExtension,
  decodeZoneTableExtension,
  encodeZonedExtension,
  encodeZoneTableExtension,
  geometryExtras,
  ZONED_EXTENSION_BYTES,
  type ZoneTableInfo,
  zoneTablePlace,
} from '../format/zoned-extension.ts';
import type { Disk } from '../image/disk.ts';
import { Qcow2Image } from '../image/image.ts';
import { backingFormat, type OpenedDisk, openDisk } from '../open.ts';
import { ZoneMachine } from '../zones/machine.ts';
import {
  CONDITION_NAMES,
  ZoneAttribute,
  type ZoneCondition,
  type ZonedGeometry,
  ZoneState,
} from '../zones/zone.ts';
import type { Findings } from './findings.ts';
import { growL1 } from './rebuild.ts';
import type { Subject } from './subject.ts';

/** One zone that a repair changed. Bytes, absolute. */
export interface ZoneRepair {
  readonly index: number;
  /** Why its entry could not be kept. */
  readonly found: string;
  readonly condition: ZoneCondition;
  readonly writePointer: number;
}

const NR_ZONES_AT = 12;

export function checkZones(subject: Subject, findings: Findings): void {
  if (findExtension(subject.header, EXTENSION.zoned) === undefined) return;
  const backing = subject.header.backingFile === undefined ? undefined : BLAMELESS_DISK;
  const image = new Qcow2Image(subject.file, true, { backing });
  const zones = loadZones(image, {});
  if (zones?.dialect === 'native' && zones.info === undefined)
    findings.add('zone', () => 'the zoned extension comes without a zone table');
  for (const doubt of zones?.doubts ?? []) findings.add('zone', () => doubt);
}

/** Stands for a backing file, which a check never opens: what only that file holds contradicts no zone. */
const BLAMELESS_DISK: Disk = {
  size: Number.MAX_SAFE_INTEGER,
  read: (_offset, target) => void target.fill(0),
  extents: (_offset, length) => [
    {
      length,
      depth: 0,
      present: true,
      zero: true,
      data: false,
      compressed: false,
      hostOffset: undefined,
    },
  ],
};

/**
 * Makes the zone table of an image with sound tables agree with its data, zone by zone, and its place and geometry
 * with the size of the disk. Zones whose entry holds and whose data fits keep it. Returns the others. `file` must be
 * open for writing and locked. Throws `invalid_image` where the geometry cannot be of this disk, `no_space`.
 *
 * Crash: the new table is durable before the header names it; until then the image is in doubt as before, and the next
 * repair starts anew. Data below a write pointer is never touched.
 */
export async function repairZones(file: BlockFile): Promise<ZoneRepair[]> {
  const header = readHeader(file);
  const extension = findExtension(header, EXTENSION.zoned);
  const place = findExtension(header, EXTENSION.zoneTable);
  if (extension?.length !== ZONED_EXTENSION_BYTES || place === undefined) return [];
  const info = decodeZoneTableExtension(place);
  const geometry = geometryFor(header, extension, info);
  const wanted = zoneTablePlace(geometry, 2 ** header.clusterBits, l2EntryBytes(header));
  const entries = Math.ceil(
    (wanted.offset + wanted.length) /
      bytesPerL1Entry(2 ** header.clusterBits, l2EntryBytes(header)),
  );
  if (entries > header.l1Entries) growL1(file, entries);
  const backing = await openBackingOf(file.path, header);
  let changed: ZoneRepair[];
  try {
    const image = await Qcow2Image.open(file, false, { backing });
    const repair = new ZoneTableRepair(image, geometry, info, extension.readUInt32BE(NR_ZONES_AT));
    changed = repair.restoreZones();
    repair.fitData(changed);
    repair.writeTable(wanted.offset);
    await image.settle();
  } finally {
    await backing?.close();
  }
  vouch(file, geometry, { ...info, ...wanted });
  return changed;
}

/** What an overlay's zones hold may lie below it. */
function openBackingOf(path: string, header: Qcow2Header): Promise<OpenedDisk> | undefined {
  if (header.backingFile === undefined) return undefined;
  const format = backingFormat(path, header);
  const options = { readOnly: true, ...(format && { format }) };
  return openDisk(backingPath(path, header.backingFile), options);
}

/** The geometry of the extension for the size that the disk has now. */
function geometryFor(header: Qcow2Header, extension: Buffer, info: ZoneTableInfo): ZonedGeometry {
  const corrected = Buffer.from(extension);
  corrected.writeUInt32BE(0, NR_ZONES_AT);
  return decodeZonedExtension(
    corrected,
    header.size,
    2 ** header.clusterBits,
    geometryExtras(info),
  );
}

/** Guest bytes that the L1 table maps. */
function guestReach({ header, clusterSize }: Qcow2Image): number {
  return header.l1Entries * bytesPerL1Entry(clusterSize, l2EntryBytes(header));
}

/** Says in the header what the table says, and that it is valid (`ImageMark` tells why not with snapshots). */
function vouch(file: BlockFile, geometry: ZonedGeometry, info: ZoneTableInfo): void {
  const header = readHeader(file);
  const left = { unclean: false, cleanSize: header.size, cleanFileLength: file.length };
  const own = AUTOCLEAR.bitmaps | AUTOCLEAR.rawDataFile;
  const valid = header.snapshotCount === 0 ? AUTOCLEAR.zoneTableValid : 0n;
  const zoned = withExtension(header.extensions, EXTENSION.zoned, encodeZonedExtension(geometry));
  const extensions = withExtension(
    zoned,
    EXTENSION.zoneTable,
    encodeZoneTableExtension({ ...info, ...left }),
  );
  rewriteHeader(file, {
    ...header,
    extensions,
    autoclearFeatures: (header.autoclearFeatures & own) | valid,
  });
}

class ZoneTableRepair {
  readonly #machine: ZoneMachine;
  /** The table as found, as far as it reaches; zeroes where there is none. */
  readonly #old: Buffer;
  /** The blocks of the descriptor extensions as found; empty where there are none that could be kept. */
  readonly #extensions: Buffer;

  constructor(
    private readonly image: Qcow2Image,
    private readonly geometry: ZonedGeometry,
    private readonly info: ZoneTableInfo,
    /** Zones that the old table was made for. */
    private readonly oldCount: number,
  ) {
    this.#machine = new ZoneMachine(geometry, { enforceLimits: false });
    this.#old = Buffer.alloc(zoneTableBytes(geometry.zoneCount));
    const reach = guestReach(image);
    const length = Math.min(this.#old.length, info.length);
    if (info.offset % image.clusterSize === 0 && info.offset + length <= reach)
      image.read(info.offset, this.#old.subarray(0, length));
    const rest = Math.max(0, info.length - this.#old.length);
    const kept = oldCount === geometry.zoneCount && info.offset + info.length <= reach;
    this.#extensions = Buffer.alloc(geometry.descriptorExtensionSize && kept ? rest : 0);
    if (this.#extensions.length > 0) image.read(info.offset + this.#old.length, this.#extensions);
  }

  /** Loads every zone, as its entry says or as its data says. Returns those whose entry does not stand. */
  restoreZones(): ZoneRepair[] {
    const changed: ZoneRepair[] = [];
    for (let index = 0; index < this.geometry.zoneCount; index++) {
      const found = this.#tryEntry(index);
      if (found === undefined) continue;
      this.#restoreFromData(index);
      changed.push({
        index,
        found,
        condition: CONDITION_NAMES[this.#machine.states[index] as ZoneState],
        writePointer: this.#machine.writePointers[index] as number,
      });
    }
    return changed;
  }

  /** What is below a write pointer is mapped, what is past it is not, and the old table is in no zone. */
  fitData(changed: readonly ZoneRepair[]): void {
    const { size, zoneSize } = this.geometry;
    const { offset, length } = this.info;
    if (offset < size) this.image.writeZeroes(offset, Math.min(length, size - offset));
    for (const { index, writePointer } of changed)
      if (index >= this.geometry.conventionalZones) this.#mapHoles(index * zoneSize, writePointer);
    cutAtWritePointers(this.image, this.#machine);
  }

  /** `offset`: guest address of the table. What the old one had elsewhere is given back. */
  writeTable(offset: number): void {
    const table = Buffer.from(this.#old);
    putGeometry(table, encodeZonedExtension(this.geometry), this.geometry.size);
    for (let index = 0; index < this.geometry.zoneCount; index++)
      putRecord(table, index, this.#recordOf(index));
    for (let block = 0; block <= blockOfZone(this.geometry.zoneCount - 1); block++)
      sealBlock(table, block);
    const { offset: before, length } = this.info;
    const reach = guestReach(this.image);
    if (before !== offset && before >= this.geometry.size && before + length <= reach)
      this.image.unmap(before, length);
    const { clusterSize, header } = this.image;
    const place = zoneTablePlace(this.geometry, clusterSize, l2EntryBytes(header));
    const whole = Buffer.alloc(place.length);
    table.copy(whole);
    this.#extensions.copy(whole, table.length);
    this.image.write(offset, whole);
  }

  /** The blocks of a descriptor extension; they are found only where the zones are as many as they were. */
  #extensionHolds(index: number): boolean {
    const { descriptorExtensionSize = 0, zoneCount } = this.geometry;
    if (this.oldCount !== zoneCount) return false;
    const firstBlock = this.#old.length / ZONE_BLOCK_BYTES;
    return extensionPieces(index, zoneCount, descriptorExtensionSize).every(({ block }) =>
      blockHolds(this.#extensions, block - firstBlock),
    );
  }

  /** Loads a zone from its entry; returns why it cannot be. */
  #tryEntry(index: number): string | undefined {
    const {
      conventionalZones,
      size,
      zoneCapacity,
      zoneSize,
      logicalBlockSize: blockSize,
    } = this.geometry;
    const start = index * zoneSize;
    const end = Math.min(start + zoneCapacity, size);
    const conventional = index < conventionalZones;
    const record = this.#entry(index);
    if (record === undefined)
      return index < this.oldCount || this.oldCount === 0
        ? `zone table block ${blockOfZone(index)}: the checksum does not hold`
        : 'the zone is new';
    const attributes = attributesOf(this.geometry);
    const fault = recordFault(record, { conventional, start, end, blockSize, attributes });
    if (fault !== undefined) return fault;
    if (record.attributes & ZoneAttribute.extension && !this.#extensionHolds(index))
      return 'the checksum of its descriptor extension does not hold';
    let writePointer = record.writePointer;
    if (!conventional) {
      const mappedTo = this.image.firstUnmapped(start, writePointer);
      if (this.info.unclean) writePointer = mappedTo;
      else if (mappedTo < writePointer)
        return `nothing is stored at ${mappedTo}, below the write pointer ${writePointer}`;
      const dataEnd = this.#endOfData(start, Math.min(start + zoneSize, size));
      const area = record.attributes & ZoneAttribute.zrwa ? (this.geometry.zrwaSize ?? 0) : 0;
      if (!this.info.unclean && dataEnd > writePointer + area)
        return `data up to ${dataEnd}, past the write pointer ${writePointer}`;
    }
    const fell = writePointer < record.writePointer;
    const state =
      fell && !isLocked(record.state) ? this.#stateAt(index, writePointer) : record.state;
    const attributesNow = ACTIVE.includes(state)
      ? record.attributes
      : record.attributes & ZoneAttribute.extension;
    this.#machine.restore(index, state, writePointer, record.resetCount, attributesNow);
    return undefined;
  }

  #restoreFromData(index: number): void {
    const { conventionalZones, size, zoneCapacity, zoneSize } = this.geometry;
    const record = this.#entry(index);
    const resetCount = record?.resetCount ?? 0;
    const locked = record !== undefined && isLocked(record.state);
    const start = index * zoneSize;
    if (index < conventionalZones) {
      this.#machine.restore(
        index,
        locked ? record.state : ZoneState.NotWritePointer,
        start,
        resetCount,
      );
      return;
    }
    const end = Math.min(start + zoneCapacity, size);
    const writePointer = this.#endOfData(start, end);
    const state = locked ? record.state : this.#stateAt(index, writePointer);
    this.#machine.restore(index, state, writePointer, resetCount);
  }

  #stateAt(index: number, writePointer: number): ZoneState {
    const { size, zoneCapacity, zoneSize } = this.geometry;
    const start = index * zoneSize;
    if (writePointer === start) return ZoneState.Empty;
    return writePointer === Math.min(start + zoneCapacity, size)
      ? ZoneState.Full
      : ZoneState.Closed;
  }

  /** The old table is no data, also where a larger disk shows it. */
  #endOfData(from: number, to: number): number {
    const { offset, length } = this.info;
    const block = this.geometry.logicalBlockSize;
    const after = Math.min(Math.max(from, offset + length), to);
    const behind = endOfData(this.image, after, to, block);
    if (behind > after || after === from) return behind;
    const before = Math.max(from, Math.min(to, offset));
    return endOfData(this.image, from, before, block);
  }

  #entry(index: number): ZoneRecord | undefined {
    if (index >= this.oldCount && this.oldCount !== 0) return undefined;
    return blockHolds(this.#old, blockOfZone(index)) ? getRecord(this.#old, index) : undefined;
  }

  #recordOf(index: number): ZoneRecord {
    return {
      state: this.#machine.states[index] as ZoneState,
      conventional: index < this.geometry.conventionalZones,
      writePointer: this.#machine.writePointers[index] as number,
      resetCount: this.#machine.resetCounts[index] as number,
      attributes: this.#machine.attributes[index] as number,
    };
  }

  /** What only a backing file has is copied, so that the zone is whole without it. */
  #mapHoles(from: number, to: number): void {
    const { clusterSize } = this.image;
    for (
      let at = this.image.firstUnmapped(from, to);
      at < to;
      at = this.image.firstUnmapped(at, to)
    ) {
      const content = Buffer.alloc(Math.min(clusterSize - (at % clusterSize), to - at));
      this.image.read(at, content);
      if (content.some((byte) => byte !== 0)) this.image.write(at, content);
      else this.image.writeZeroes(at, content.length);
    }
  }
}

const ACTIVE: readonly ZoneState[] = [
  ZoneState.ImplicitOpen,
  ZoneState.ExplicitOpen,
  ZoneState.Closed,
];

function isLocked(state: ZoneState): boolean {
  return state === ZoneState.ReadOnly || state === ZoneState.Offline;
}

export function hasZones(file: BlockFile): boolean {
  return findExtension(readHeader(file), EXTENSION.zoned) !== undefined;
}
