/** The zone descriptor extensions: bytes that hosts attach to zones, in blocks behind the entries of the zone table. */
import { blockHolds, extensionPieces, sealBlock, ZONE_BLOCK_BYTES } from '../format/zone-table.ts';
import type { Qcow2Image } from '../image/image.ts';
import type { ZoneMachine } from '../zones/machine.ts';
import { ZoneAttribute } from '../zones/zone.ts';

export class ExtensionStore {
  readonly #values = new Map<number, Buffer>();
  readonly #blocks = new Map<number, Buffer>();
  readonly #size: number;

  constructor(
    private readonly image: Qcow2Image,
    private readonly machine: ZoneMachine,
    /** Guest offset of the zone table. */
    private readonly tableOffset: number,
  ) {
    this.#size = machine.geometry.descriptorExtensionSize ?? 0;
  }

  /** Reads what the zones have. Returns why extensions cannot be believed, a sentence per zone. */
  load(): string[] {
    const doubts: string[] = [];
    if (this.#size === 0) return doubts;
    this.machine.attributes.forEach((attributes, index) => {
      if (!(attributes & ZoneAttribute.extension)) return;
      const value = Buffer.alloc(this.#size);
      for (const { block, at, from, to } of this.#pieces(index)) {
        const bytes = this.#block(block);
        if (!blockHolds(bytes, 0))
          doubts.push(`zone ${index}: zone table block ${block}: the checksum does not hold`);
        bytes.copy(value, from, at, at + to - from);
      }
      this.#values.set(index, value);
    });
    return doubts;
  }

  get(zoneIndex: number): Uint8Array | undefined {
    return this.#values.get(zoneIndex);
  }

  set(zoneIndex: number, data: Uint8Array): void {
    this.#values.set(zoneIndex, Buffer.from(data));
  }

  /** Writes the extensions of some zones, a whole block at a time. */
  write(zoneIndexes: readonly number[]): void {
    const changed = new Set<number>();
    for (const index of zoneIndexes)
      for (const { block, at, from, to } of this.#pieces(index)) {
        this.#values.get(index)?.copy(this.#block(block), at, from, to);
        changed.add(block);
      }
    for (const block of changed) {
      const guest = this.tableOffset + block * ZONE_BLOCK_BYTES;
      const host = this.image.hostOffset(guest) + (guest % this.image.clusterSize);
      this.image.writeHost(sealBlock(this.#block(block), 0), host);
    }
  }

  #pieces(zoneIndex: number) {
    return extensionPieces(zoneIndex, this.machine.geometry.zoneCount, this.#size);
  }

  /** A block as the disk has it, to be changed. */
  #block(index: number): Buffer {
    const known = this.#blocks.get(index);
    if (known !== undefined) return known;
    const block = Buffer.alloc(ZONE_BLOCK_BYTES);
    this.image.read(this.tableOffset + index * ZONE_BLOCK_BYTES, block);
    this.#blocks.set(index, block);
    return block;
  }
}
