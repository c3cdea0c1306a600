/** `zonelab img compare`: whether two disks hold the same bytes, and the same zones where both have some. */
import { type Comparison, compareDisks, compareZones } from '@zonelab/qcow2-zoned';
import { failingWith } from '../errors.ts';
import type { Output } from '../output.ts';
import type { NamedImage } from './arguments.ts';
import { openToRead } from './open.ts';
import { ProgressLine } from './progress.ts';

export interface CompareArguments {
  readonly strict: boolean;
  readonly quiet: boolean;
  readonly progress: boolean;
}

/** qemu-img's: from 2 up something went wrong, so that 1 always means that the disks differ. */
const EXIT = { identical: 0, different: 1, notOpened: 2, notRead: 4 } as const;

/** Returns the exit code. */
export async function imgCompare(
  images: () => readonly [NamedImage, NamedImage],
  { strict, quiet, progress }: CompareArguments,
  out: Output,
): Promise<number> {
  const say = (text: string) => quiet || out.write(text);
  const [one, other] = await failingWith(EXIT.notOpened, () => openBoth(images));
  const line = new ProgressLine(out, progress && !quiet);
  try {
    const onSizeMismatch = () => say('Warning: Image size mismatch!\n');
    const options = { strict, onSizeMismatch, onProgress: line.report };
    const result = await failingWith(EXIT.notRead, () => compareDisks(one, other, options));
    const zones = await failingWith(EXIT.notRead, async () =>
      result.kind === 'identical' ? compareZones(one, other, { strict }) : undefined,
    );
    if (zones !== undefined) {
      say(`Zone mismatch at offset ${zones.offset}: zone ${zones.zone}, ${zones.field}!\n`);
      return EXIT.different;
    }
    say(verdict(result));
    return result.kind === 'identical' ? EXIT.identical : EXIT.different;
  } finally {
    line.end();
    one.abandon();
    other.abandon();
  }
}

async function openBoth(images: () => readonly [NamedImage, NamedImage]) {
  const [first, second] = images();
  const one = await openToRead(first);
  try {
    return [one, await openToRead(second)] as const;
  } catch (error) {
    one.abandon();
    throw error;
  }
}

function verdict(result: Comparison): string {
  switch (result.kind) {
    case 'identical':
      return 'Images are identical.\n';
    case 'content':
      return `Content mismatch at offset ${result.offset}!\n`;
    case 'size':
      return 'Strict mode: Image size mismatch!\n';
    case 'status':
      return `Strict mode: Offset ${result.offset} block status mismatch!\n`;
  }
}
