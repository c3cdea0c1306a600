/** The arguments of `zonelab img snapshot`. */
import { type Command, Option } from 'commander';
import type { CliContext } from '../context.ts';
import { failure, namedImage, takesObject } from './arguments.ts';
import type { SnapshotAction } from './snapshot.ts';

interface SnapshotFlags {
  l?: true;
  a?: string;
  c?: string;
  d?: string;
  imageOpts?: true;
  forceShare?: true;
}

export function addSnapshot(img: Command, context: CliContext): void {
  takesObject(img.command('snapshot'))
    .description('list, make, apply or delete internal snapshots')
    .argument('<file>')
    .option('-l', 'list the snapshots; what is done when nothing else is asked for')
    .option('-c <name>', 'make a snapshot of the present state')
    .option('-a <snapshot>', 'go back to a snapshot, given by id or name')
    .option('-d <snapshot>', 'delete a snapshot, given by id or name')
    .option('--image-opts', 'the file name is a list such as driver=qcow2,file.filename=FILE')
    .option('-U, --force-share', 'open the image beside others that have it open')
    .addOption(new Option('-q', 'print nothing but errors'))
    .action(async (file: string, flags: SnapshotFlags) => {
      const { imgSnapshot } = await import('./snapshot.ts');
      await imgSnapshot(namedImage(file, flags), actionOf(flags), context.out);
    });
}

function actionOf({ l, a, c, d }: SnapshotFlags): SnapshotAction {
  const given = [l, a, c, d].filter((value) => value !== undefined);
  if (given.length > 1) throw failure("Cannot mix '-l', '-a', '-c', '-d'");
  if (c !== undefined) return { kind: 'create', snapshot: c };
  if (a !== undefined) return { kind: 'apply', snapshot: a };
  if (d !== undefined) return { kind: 'delete', snapshot: d };
  return { kind: 'list' };
}
