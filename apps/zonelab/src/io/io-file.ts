/** The file that the commands of one `zonelab io` act on: opened, closed and opened otherwise as they say. */
import type { FaultPlan } from '@zonelab/qcow2-zoned';
import { CliError } from '../errors.ts';
import type { NamedImage } from '../img/arguments.ts';
import type { ReadRules } from '../read-rules.ts';
import { openTarget } from './open-target.ts';
import { ReadOnlyTarget } from './read-only-target.ts';
import type { IoTarget } from './target.ts';

export interface OpenFlags {
  readonly readOnly: boolean;
  /** Changes go to a file of their own, which goes away. */
  readonly snapshot: boolean;
  /** What is read from a backing file stays in the image. */
  readonly copyOnRead: boolean;
  /** What is to go wrong. */
  readonly faults?: FaultPlan | undefined;
  readonly rules?: ReadRules | undefined;
}

interface Opened {
  readonly image: NamedImage;
  readonly flags: OpenFlags;
  target: IoTarget;
}

export class IoFile {
  #opened: Opened | undefined;

  /** Undefined where no file is open. */
  get target(): IoTarget | undefined {
    return this.#opened?.target;
  }

  /** The open file, as it was named. */
  get image(): NamedImage | undefined {
    return this.#opened?.image;
  }

  /** Throws `CliError` in qemu-io's words. */
  async open(image: NamedImage, flags: OpenFlags): Promise<void> {
    if (this.#opened !== undefined)
      throw new CliError('failed', "file open already, try 'help close'");
    if (image.shared && !flags.readOnly)
      throw cannotOpen(image, 'force-share=on can only be used with read-only images');
    if (flags.copyOnRead && flags.readOnly)
      throw cannotOpen(image, "Can't use copy-on-read on read-only device");
    this.#opened = { image, flags, target: await openTarget(image, flags) };
  }

  async close(): Promise<void> {
    const target = this.target;
    this.#opened = undefined;
    await target?.close();
  }

  /** The same file, to be written or not. What a snapshot has kept stays. */
  async reopen(readOnly: boolean): Promise<void> {
    const opened = this.#opened;
    if (opened === undefined || opened.target.readOnly === readOnly) return;
    const { image, flags, target } = opened;
    if (flags.snapshot) {
      const below = target instanceof ReadOnlyTarget ? target.target : target;
      opened.target = readOnly ? new ReadOnlyTarget(below) : below;
      return;
    }
    await this.close();
    await this.open(image, { ...flags, readOnly });
  }
}

function cannotOpen({ name }: NamedImage, reason: string): CliError {
  return new CliError('failed', `can't open device ${name}: ${reason}`);
}
