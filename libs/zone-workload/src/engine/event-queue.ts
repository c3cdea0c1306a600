/**
 * What happens next: a binary heap of completions by time, and by order of submission where times are equal, so that
 * the order never depends on the heap. Each slot is in it at most once; nothing is allocated after construction.
 */
export class EventQueue {
  private readonly heap: Int32Array;
  private readonly times: Float64Array;
  private readonly order: Float64Array;
  private submitted = 0;
  size = 0;

  /** @param slots commands that can be in flight at once. */
  constructor(slots: number) {
    this.heap = new Int32Array(slots);
    this.times = new Float64Array(slots);
    this.order = new Float64Array(slots);
  }

  push(slot: number, timeNs: number): void {
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

  private before(left: number, right: number): boolean {
    const difference = (this.times[left] as number) - (this.times[right] as number);
    if (difference !== 0) return difference < 0;
    return (this.order[left] as number) < (this.order[right] as number);
  }
}
