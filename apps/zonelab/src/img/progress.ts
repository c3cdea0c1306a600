/** qemu-img's progress: one line on standard output, written over as the work goes on. */
import type { Output } from '../output.ts';

export class ProgressLine {
  #shown = Number.NEGATIVE_INFINITY;

  /** `enabled`: -p was given, and not -q. */
  constructor(
    private readonly out: Output,
    private readonly enabled: boolean,
  ) {}

  /** To be handed to an operation. */
  readonly report = (done: number, total: number): void => {
    const percent = total === 0 ? 100 : (done / total) * 100;
    if (!this.enabled || (percent < this.#shown + 1 && percent < 100)) return;
    this.#shown = percent;
    this.out.write(`    (${percent.toFixed(2)}/100%)\r`);
  };

  /** Ends the line. */
  end(): void {
    if (this.enabled) this.out.write('\n');
  }
}
