/** A set of zone indexes kept in order of last use: every operation is O(1) and allocates nothing. */

/** Circular doubly linked list over two arrays; the slot past the last index is the list's head. */
export class LruList {
  size = 0;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly head: number;

  constructor(capacity: number) {
    this.head = capacity;
    this.next = new Int32Array(capacity + 1);
    this.previous = new Int32Array(capacity + 1);
    this.next[capacity] = capacity;
    this.previous[capacity] = capacity;
  }

  /** The least recently used index. The list must not be empty. */
  oldest(): number {
    return this.next[this.head] as number;
  }

  /** Adds an index that is not in the list, as the most recently used. */
  add(index: number): void {
    const newest = this.previous[this.head] as number;
    this.next[newest] = index;
    this.previous[index] = newest;
    this.next[index] = this.head;
    this.previous[this.head] = index;
    this.size += 1;
  }

  /** Removes an index that is in the list. */
  remove(index: number): void {
    const before = this.previous[index] as number;
    const after = this.next[index] as number;
    this.next[before] = after;
    this.previous[after] = before;
    this.size -= 1;
  }

  /** Makes an index that is in the list the most recently used. */
  touch(index: number): void {
    if (this.previous[this.head] === index) return;
    this.remove(index);
    this.add(index);
  }

  /** From least to most recently used. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (let at = this.oldest(); at !== this.head; at = this.next[at] as number) yield at;
  }

  clone(): LruList {
    const copy = new LruList(this.head);
    copy.next.set(this.next);
    copy.previous.set(this.previous);
    copy.size = this.size;
    return copy;
  }
}
