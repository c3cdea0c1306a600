/** One writer with several streams of data, each in a zone of its own: every write belongs to a stream drawn at random. */
import type { Command } from '../device/command.ts';
import type { Random } from '../random.ts';
import type { Draw } from './distribution.ts';
import type { Generator } from './generator.ts';
import type { ZoneWriter } from './zone-writer.ts';

export class MultiStream implements Generator {
  /** Per job: the stream whose write waits for its zone, or -1: the turn goes to no other, or shares would drift. */
  private readonly due: Int32Array;

  /** @param writer with one job per stream. @param randoms one per job of the phase. */
  constructor(
    private readonly writer: ZoneWriter,
    private readonly draw: Draw,
    private readonly randoms: readonly Random[],
  ) {
    this.due = new Int32Array(randoms.length).fill(-1);
  }

  next(job: number, command: Command): boolean {
    const waiting = this.due[job] as number;
    const stream = waiting >= 0 ? waiting : this.draw(this.randoms[job] as Random);
    const ready = this.writer.next(stream, command);
    this.due[job] = ready ? -1 : stream;
    return ready;
  }

  refused(job: number, command: Command): void {
    this.writer.refused(job, command);
  }
}
