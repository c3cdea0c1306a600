/** A set of zone indexes kept in order of last use: every operation is O(1) and allocates nothing. */

/**
 * Circular doubly linked list in one array, the two links of an index side by side, for they are used together; the slot
 * past the last index is the list's head. A set of which nobody asks for the oldest only counts.
 */
export class LruList {
  size = 0;
  private readonly links: Int32Array;
  private readonly head: number;

  /** `ordered`: whether `oldest` will be asked for. */
  constructor(
    private readonly capacity: number,
    readonly ordered = true,
  ) {
    this.head = 2 * capacity;
    this.links = new Int32Array(ordered ? this.head + 2 : 0);
    if (ordered) this.link(this.head, this.head);
  }

  /** The least recently used index. The list must be ordered, and not empty. */
  oldest(): number {
    return this.next(this.head) / 2;
  }

  /** Adds an index that is not in the list, as the most recently used. */
  add(index: number): void {
    this.size += 1;
    if (!this.ordered) return;
    const slot = 2 * index;
    this.link(this.previous(this.head), slot);
    this.link(slot, this.head);
  }

  /** Removes an index that is in the list. */
  remove(index: number): void {
    this.size -= 1;
    if (this.ordered) this.link(this.previous(2 * index), this.next(2 * index));
  }

  /** Makes an index that is in the list the most recently used. */
  touch(index: number): void {
    if (!this.ordered || this.previous(this.head) === 2 * index) return;
    this.remove(index);
    this.add(index);
  }

  /** From least to most recently used. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (let slot = this.next(this.head); slot !== this.head; slot = this.next(slot))
      yield slot / 2;
  }

  clone(): LruList {
    const copy = new LruList(this.capacity, this.ordered);
    copy.links.set(this.links);
    copy.size = this.size;
    return copy;
  }

  private next(slot: number): number {
    return this.links[slot] as number;
  }

  private previous(slot: number): number {
    return this.links[slot + 1] as number;
  }

  private link(slot: number, next: number): void {
    this.links[slot] = next;
    this.links[next + 1] = slot;
  }
}
