/** Slots that wait for another command to complete, in order of arrival. Each slot is parked at most once. */
export class Parking {
  private waiting: Int32Array;
  private spare: Int32Array;
  count = 0;

  constructor(slots: number) {
    this.waiting = new Int32Array(slots);
    this.spare = new Int32Array(slots);
  }

  park(slot: number): void {
    this.waiting[this.count++] = slot;
  }

  /** Offers each waiting slot its turn; a slot may park again at once, behind the others. */
  wake(offer: (slot: number) => void): void {
    const woken = this.waiting;
    const count = this.count;
    this.waiting = this.spare;
    this.spare = woken;
    this.count = 0;
    for (let n = 0; n < count; n++) offer(woken[n] as number);
  }
}
