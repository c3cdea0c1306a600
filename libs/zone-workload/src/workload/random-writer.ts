/** Jobs that write, and read, blocks anywhere in a logical space, through a log-structured translation. */
import type { Command } from '../device/command.ts';
import type { Random } from '../random.ts';
import type { Draw } from './distribution.ts';
import type { Generator } from './generator.ts';
import type { LogTranslation } from './log-translation.ts';

const NONE = -1;

export class RandomWriter implements Generator {
  overhead = false;
  /** Per job: the block whose write has to wait its turn, or -1. */
  private readonly due: Float64Array;
  private filled = 0;

  /** @param fillFirst whether the whole space is written once, in order, before blocks are drawn. */
  constructor(
    private readonly translation: LogTranslation,
    private readonly draw: Draw,
    private readonly readShare: number,
    fillFirst: boolean,
    private readonly randoms: readonly Random[],
  ) {
    this.due = new Float64Array(randoms.length).fill(NONE);
    this.filled = fillFirst ? 0 : translation.logicalBlocks;
  }

  get relocatedBytes(): number {
    return this.translation.relocatedBytes;
  }

  next(job: number, command: Command): boolean {
    const { translation } = this;
    for (;;) {
      let block = this.due[job] as number;
      if (block === NONE) {
        const random = this.randoms[job] as Random;
        if (this.filled === translation.logicalBlocks && random.unit() < this.readShare) {
          const { mapped } = translation.read(this.draw(random), 1, command);
          this.overhead = false;
          if (mapped) return true;
        }
        block = this.filled < translation.logicalBlocks ? this.filled++ : this.draw(random);
      }
      const { blocks, waits } = translation.write(block, 1, command);
      this.due[job] = blocks === 0 ? block : NONE;
      this.overhead = translation.overhead;
      return !waits;
    }
  }
}
