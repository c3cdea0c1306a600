/**
 * What happens next: a binary heap of completions by time, and by order of submission where times are equal, so that
 * the order never depends on the heap. Each slot is in it at most once; memory grows with the number of slots alone.
 */
export class EventQueue {
  private heap: Int32Array;
  private times: Float64Array;
  private order: Float64Array;
  private submitted = 0;
  size = 0;

  /** @param slots expected at first; a larger one makes room for itself. */
  constructor(slots: number) {
    this.heap = new Int32Array(slots);
    this.times = new Float64Array(slots);
    this.order = new Float64Array(slots);
  }

  push(slot: number, timeNs: number): void {
    if (slot >= this.times.length) this.grow(slot + 1);
    this.times[slot] = timeNs;
    this.order[slot] = this.submitted++;
    let hole = this.size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = this.heap[parent] as number;
      if (!this.before(slot, above)) break;
      this.heap[hole] = above;
      hole = parent;
    }
    this.heap[hole] = slot;
  }

  /** Takes the earliest slot out. The queue must not be empty. */
  pop(): number {
    const first = this.heap[0] as number;
    const last = this.heap[--this.size] as number;
    let hole = 0;
    for (let child = 1; child < this.size; child = 2 * hole + 1) {
      const right = child + 1;
      if (
        right < this.size &&
        this.before(this.heap[right] as number, this.heap[child] as number)
      ) {
        child = right;
      }
      const below = this.heap[child] as number;
      if (this.before(last, below)) break;
      this.heap[hole] = below;
      hole = child;
    }
    this.heap[hole] = last;
    return first;
  }

  timeOf(slot: number): number {
    return this.times[slot] as number;
  }

  /** Time of the earliest slot; infinite when the queue is empty. */
  get nextNs(): number {
    return this.size === 0
      ? Number.POSITIVE_INFINITY
      : (this.times[this.heap[0] as number] as number);
  }

  private grow(slots: number): void {
    const room = Math.max(slots, 2 * this.times.length);
    const [heap, times, order] = [this.heap, this.times, this.order];
    this.heap = new Int32Array(room);
    this.times = new Float64Array(room);
    this.order = new Float64Array(room);
    this.heap.set(heap);
    this.times.set(times);
    this.order.set(order);
  }

  private before(left: number, right: number): boolean {
    const difference = (this.times[left] as number) - (this.times[right] as number);
    if (difference !== 0) return difference < 0;
    return (this.order[left] as number) < (this.order[right] as number);
  }
}
