/** Jobs that read below the write pointer with a given probability, and write sequentially otherwise. */
import { type Command, writesData } from '../device/command.ts';
import type { Random } from '../random.ts';
import type { Generator } from './generator.ts';
import type { BelowWpReader } from './readers.ts';
import type { ZoneWriter } from './zone-writer.ts';

export class Mixed implements Generator {
  /** 1 while a job's write waits for its zone: the turn is not given to a read, or the share would drift. */
  private readonly writeDue: Uint8Array;
  /** The zone of the write given out last: once accepted, its data can be read. */
  private lastWritten = -1;

  constructor(
    private readonly writer: ZoneWriter,
    private readonly reader: BelowWpReader,
    private readonly readShare: number,
    private readonly streams: readonly Random[],
  ) {
    this.writeDue = new Uint8Array(streams.length);
  }

  next(job: number, command: Command): boolean {
    if (this.lastWritten >= 0) this.reader.written(this.lastWritten);
    this.lastWritten = -1;
    const random = this.streams[job] as Random;
    const reads = this.writeDue[job] === 0 && random.unit() < this.readShare;
    if (reads && this.reader.next(job, command)) return true;
    // a write, or a read while there is nothing to read yet
    const ready = this.writer.next(job, command);
    this.writeDue[job] = ready ? 0 : 1;
    if (ready && writesData(command.op)) this.lastWritten = command.zoneIndex;
    return ready;
  }

  refused(job: number, command: Command): void {
    this.writer.refused(job, command);
  }
}
