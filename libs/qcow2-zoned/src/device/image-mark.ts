/**
 * What the header says of the zones: where their table is, whether the image was left cleanly, and whether we vouch
 * for the table (autoclear bit 62).
 *
 * We do not vouch for the table of an image with snapshots, and so verify it at every open: when QEMU (7.2) repairs
 * an image that has an autoclear bit it does not know, it loses all snapshots.
 */
import { AUTOCLEAR } from '../format/features.ts';
import { EXTENSION } from '../format/header.ts';
import { encodeZoneTableExtension, type ZoneTableInfo } from '../format/zoned-extension.ts';
import type { Qcow2Image } from '../image/image.ts';

export class ImageMark {
  #open = false;

  constructor(
    private readonly image: Qcow2Image,
    /** Undefined for a plain disk. */
    private info: ZoneTableInfo | undefined,
  ) {}

  /** After the zone table has moved: where it is now. */
  adopt(info: ZoneTableInfo | undefined): void {
    this.info = info;
  }

  /** True from the first change until a clean close. */
  get open(): boolean {
    return this.#open;
  }

  /** To come before every change: durable when it returns. */
  ensureOpen(): void {
    if (!this.#open) this.#write(true, this.image.header.snapshotCount === 0);
  }

  /** To come before the first snapshot. */
  stopVouching(): void {
    this.#write(true, false);
  }

  /** To come last, when everything else is durable. */
  close(): void {
    if (this.#open) this.#write(false, this.image.header.snapshotCount === 0);
  }

  /** Entries of the zone table are written in place: true where no snapshot shares its clusters. */
  get ownsTable(): boolean {
    return this.info === undefined || this.image.ownsClusters(this.info.offset, this.info.length);
  }

  /** Makes the clusters of the zone table ours alone, durably. */
  async ownTable(): Promise<void> {
    if (this.info === undefined || this.ownsTable) return;
    this.ensureOpen();
    const table = Buffer.alloc(this.info.length);
    this.image.read(this.info.offset, table);
    this.image.write(this.info.offset, table);
    await this.image.flush();
  }

  /** Autoclear bits that we do not maintain are cleared on the way; those of a plain disk are the engine's affair. */
  #write(open: boolean, vouch: boolean): void {
    if (this.info !== undefined) {
      const { size: cleanSize, fileLength: cleanFileLength } = this.image;
      const info = { ...this.info, unclean: open, cleanSize, cleanFileLength };
      this.image.patchHeader(
        vouch ? AUTOCLEAR.zoneTableValid : 0n,
        EXTENSION.zoneTable,
        encodeZoneTableExtension(info),
      );
      this.info = info;
    }
    this.#open = open; // only now: what failed on the way is tried again
  }
}
