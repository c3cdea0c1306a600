/** Commands about the lab as a whole. The launcher has installed and built what they need. */
import { isAbsolute, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type CliContext, outputOption } from '../context.ts';
import { CliError } from '../errors.ts';
import type { OutputForm } from '../output.ts';

export function addLabCommands(program: Command, context: CliContext): void {
  program
    .command('up')
    .description('run the lab until Ctrl-C; its data stay')
    .option('--detach', 'return when the lab is ready, and leave it running')
    .addOption(homeOption())
    .action(async ({ detach, dir }: { detach?: true; dir: string }) => {
      const { upDetached, upInForeground } = await import('./up.ts');
      const place = { home: dir, root: checkout() };
      await (detach ? upDetached(place, context.out) : upInForeground(place, context.out));
    });
  program
    .command('down')
    .description('stop the lab that runs in the background; its data stay')
    .addOption(homeOption())
    .action(async ({ dir }: { dir: string }) => {
      const { down } = await import('./up.ts');
      await down(dir, context.out);
    });
  program
    .command('status')
    .description('tell whether the lab runs, and where; exit code 1 where it does not')
    .addOption(homeOption())
    .addOption(outputOption())
    .action(async ({ dir, output }: { dir: string; output: OutputForm }) => {
      const { status } = await import('./up.ts');
      context.exitCode = await status(dir, output, context.out);
    });
  program
    .command('demo')
    .description('run the main job on real clients, verify every step, and show what came of it')
    .addOption(homeOption())
    .action(async ({ dir }: { dir: string }) => {
      const { runDemo } = await import('../demo/run.ts');
      await runDemo({ home: dir, root: checkout() }, context.out);
    });
  program
    .command('migrate')
    .description('bring the catalog in the database of DATABASE_URL up to date')
    .action(async () => {
      const url = process.env.DATABASE_URL;
      if (!url) {
        throw new CliError('usage', 'DATABASE_URL: got nothing, allowed is a postgresql:// URL');
      }
      const { migrate } = await import('@zonelab/catalog');
      const applied = await migrate(url);
      context.out.write(applied.map((name) => `applied ${name}\n`).join('') || 'up to date\n');
    });
}

/** Set by the launcher. */
export function checkout(): string {
  const root = process.env.ZONELAB_ROOT;
  if (root !== undefined && isAbsolute(root)) return root;
  throw new CliError('failed', 'this command runs through the zonelab script of a checkout');
}

/** `.zonelab` in the checkout, which git ignores. */
export function defaultHome(): string {
  return join(process.env.ZONELAB_ROOT ?? '', '.zonelab');
}

function homeOption(): Option {
  return new Option('--dir <folder>', "folder of the lab's data, logs and lab.json")
    .default(defaultHome(), '.zonelab in the checkout')
    .argParser((folder: string) => resolve(folder));
}
