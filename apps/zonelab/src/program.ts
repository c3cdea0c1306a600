/** The command line: every command. Commands load when they run. */
import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import type { Output } from './output.ts';
import { runCommands } from './run-commands.ts';

/** Carries out a command line and returns the exit code: 0 ok, 1 failed, 2 usage. */
export function runProgram(args: readonly string[], out: Output): Promise<number> {
  return runCommands(args, out, async (program, context) => {
    const { addImgCommands } = await import('./img/program.ts');
    addImgCommands(program, context);
    // those are run by the thousand from scripts: nothing else is loaded for them
    if (args[0] !== 'img') await addOtherCommands(program, context);
  });
}

async function addOtherCommands(program: Command, context: CliContext): Promise<void> {
  const disk = await import('./disk-program.ts');
  const sim = await import('./sim/program.ts');
  const rest = await import('./rest/program.ts');
  const lab = await import('./lab/program.ts');
  disk.addDiskCommands(program, context);
  sim.addSimCommand(program, context);
  rest.addRestCommands(program, context);
  lab.addLabCommands(program, context);
  program
    .command('test')
    .description('set up what is missing and run every test')
    .option('--long', 'the long forms of the tests too');
  program
    .command('bench')
    .description('measure the lab beside its peers, in turns (--list tells what there is)')
    .argument('[name...]');
}
