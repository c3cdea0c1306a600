/**
 * Keeps the zone table on disk in order with the data. It holds the table as last written, and which zones have
 * changed since; a flush freezes those zones and writes their entries in up to three steps:
 *
 * 1. a zone that was reset goes to EMPTY first, so that a crash never shows the old write pointer over clusters
 *    that are already unlinked, nor old data under a new write pointer;
 * 2. every other zone follows with the L1 and L2 entries, its data being durable by then;
 * 3. a zone that was reset and written again gets its new write pointer last, once the old clusters are unlinked
 *    for good. Only such a flush costs a third sync.
 *
 * In an overlay step 2 joins step 3 where entries change with it. For a cluster that is not mapped there yet may be in
 * the backing file, or a zero cluster from a reset: after a crash nothing would tell that data below a write pointer
 * is missing.
 */
import {
  blockOfZone,
  putGeometry,
  putRecord,
  sealBlock,
  ZONE_BLOCK_BYTES,
  type ZoneRecord,
} from '../format/zone-table.ts';
import { encodeZonedExtension } from '../format/zoned-extension.ts';
import type { FlushBatch, FlushParticipant, Qcow2Image } from '../image/image.ts';
import type { ZoneMachine } from '../zones/machine.ts';
import { ZoneState } from '../zones/zone.ts';
import type { ExtensionStore } from './extension-store.ts';

export class ZoneStore implements FlushParticipant {
  readonly #changed = new Set<number>();
  readonly #reset = new Set<number>();
  #geometryChanged = false;
  /** Zones whose descriptor extension was set. */
  readonly #extended = new Set<number>();

  constructor(
    private readonly image: Qcow2Image,
    private readonly machine: ZoneMachine,
    /** The whole table as the disk has it. */
    private readonly table: Buffer,
    /** Guest offset of the table in bytes. */
    private readonly tableOffset: number,
    private readonly extensions: ExtensionStore,
  ) {}

  noteChange(zoneIndex: number): void {
    this.#changed.add(zoneIndex);
    this.image.noteChange();
  }

  noteReset(zoneIndex: number): void {
    this.#reset.add(zoneIndex);
    this.noteChange(zoneIndex);
  }

  /** Block 0 says what the header says, from the next flush on. */
  noteGeometry(): void {
    const { geometry } = this.machine;
    putGeometry(this.table, encodeZonedExtension(geometry), geometry.size);
    this.#geometryChanged = true;
    this.image.noteChange();
  }

  noteExtension(zoneIndex: number): void {
    this.#extended.add(zoneIndex);
    this.noteChange(zoneIndex);
  }

  beginFlush(tablesChange: boolean): FlushBatch | undefined {
    if (this.#changed.size === 0 && !this.#geometryChanged) return undefined;
    const geometryBlock = this.#geometryChanged ? [0] : [];
    this.#geometryChanged = false;
    const first = new Map<number, ZoneRecord>();
    const withTables = new Map<number, ZoneRecord>();
    const last = new Map<number, ZoneRecord>();
    const inOverlay = this.image.header.backingFile !== undefined;
    const second = inOverlay && tablesChange ? last : withTables;
    for (const index of this.#changed) {
      const record = this.#record(index);
      if (!this.#reset.has(index)) second.set(index, record);
      else {
        const writePointer = index * this.machine.geometry.zoneSize;
        first.set(index, { ...record, state: ZoneState.Empty, writePointer, attributes: 0 });
        if (record.state !== ZoneState.Empty) last.set(index, record);
      }
    }
    // An extension is durable before the entry that vouches for it, and after the one that vouched for another.
    const extendFirst = [...this.#extended].filter((index) => !this.#reset.has(index));
    const extendSecond = [...this.#extended].filter((index) => this.#reset.has(index));
    this.#changed.clear();
    this.#reset.clear();
    this.#extended.clear();
    return {
      writeFirst: () => {
        this.#writeBlocks(geometryBlock);
        this.#write(first);
        this.extensions.write(extendFirst);
      },
      writeWithTables: () => {
        this.#write(withTables);
        this.extensions.write(extendSecond);
      },
      writeLast: last.size > 0 ? () => this.#write(last) : undefined,
    };
  }

  #record(zoneIndex: number): ZoneRecord {
    const { attributes, geometry, states, writePointers, resetCounts } = this.machine;
    return {
      state: states[zoneIndex] as ZoneState,
      conventional: zoneIndex < geometry.conventionalZones,
      writePointer: writePointers[zoneIndex] as number,
      resetCount: resetCounts[zoneIndex] as number,
      attributes: attributes[zoneIndex] as number,
    };
  }

  #write(records: ReadonlyMap<number, ZoneRecord>): void {
    const blocks = new Set<number>();
    for (const [index, record] of records) {
      putRecord(this.table, index, record);
      blocks.add(blockOfZone(index));
    }
    this.#writeBlocks(blocks);
  }

  #writeBlocks(blocks: Iterable<number>): void {
    for (const block of blocks) {
      const guest = this.tableOffset + block * ZONE_BLOCK_BYTES;
      const host = this.image.hostOffset(guest);
      this.image.writeHost(sealBlock(this.table, block), host + (guest % this.image.clusterSize));
    }
  }
}
