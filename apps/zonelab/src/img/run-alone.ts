/** Runs one `img` command from a bundle of its own: scripts run it by the thousand, and most of its time is the start. */
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { processOutput } from '../output.ts';
import { runCommands } from '../run-commands.ts';

export function runAlone(addCommand: (img: Command, context: CliContext) => void): void {
  const done = runCommands(process.argv.slice(2), processOutput, (program, context) =>
    addCommand(program.command('img'), context),
  );
  // a bundle that is a script has no await of its own
  done.then((exitCode) => {
    process.exitCode = exitCode;
  });
}
