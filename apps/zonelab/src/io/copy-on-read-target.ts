/** A plain disk that keeps what is read from its backing file. */
import { PlainTarget } from './target.ts';

export class CopyOnReadTarget extends PlainTarget {
  override async read(offset: number, target: Uint8Array): Promise<void> {
    await this.#keep(offset, target.length);
    await super.read(offset, target);
  }

  /** Copies whole clusters (subclusters with extended L2 entries) that the image has not got itself. */
  async #keep(offset: number, length: number): Promise<void> {
    const unit = this.disk.image?.unitSize;
    if (unit === undefined || this.disk.backing === undefined) return;
    const from = Math.floor(offset / unit) * unit;
    const to = Math.min(this.size, Math.ceil((offset + length) / unit) * unit);
    let at = from;
    let missingFrom = from;
    for (const { length: bytes, present, depth } of this.disk.extents(from, to - from)) {
      if (present && depth === 0) {
        await this.#copy(missingFrom, at);
        missingFrom = at + bytes;
      }
      at += bytes;
    }
    await this.#copy(missingFrom, to);
  }

  async #copy(from: number, to: number): Promise<void> {
    if (from >= to) return;
    const data = Buffer.alloc(to - from);
    await super.read(from, data);
    if (data.every((byte) => byte === 0)) await this.writeZeroes(from, data.length);
    else await this.write(from, data);
  }
}
