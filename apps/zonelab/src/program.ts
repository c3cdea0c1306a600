/** The command line: every command, and what becomes of its errors. Commands load when they run. */
import { Command, CommanderError } from 'commander';
import type { CliContext } from './context.ts';
import { CliError, describeError, exitCodeOf } from './errors.ts';
import type { Output } from './output.ts';

/** Carries out a command line and returns the exit code: 0 ok, 1 failed, 2 usage. */
export async function runProgram(args: readonly string[], out: Output): Promise<number> {
  const context: CliContext = { out, exitCode: 0 };
  try {
    const program = await buildProgram(context, args[0]);
    await program.parseAsync(args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    out.warn(`zonelab: ${messageOf(error)}\n`);
    // qemu-img knows no exit code for usage, and its code 2 means a corrupt image.
    if (args[0] === 'img') return (error instanceof CliError && error.exitCode) || 1;
    return error instanceof CommanderError ? 2 : exitCodeOf(error);
  }
}

/** `img` commands are run by the thousand from scripts: nothing else is loaded for them. */
async function buildProgram(context: CliContext, command: string | undefined): Promise<Command> {
  const program = new Command('zonelab')
    .description('A lab for zoned virtual storage.')
    .configureOutput({ writeOut: (text) => context.out.write(text), writeErr: () => {} })
    .exitOverride();
  const { addImgCommands } = await import('./img/program.ts');
  addImgCommands(program, context);
  if (command !== 'img') await addOtherCommands(program, context);
  return program;
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

function messageOf(error: unknown): string {
  if (!(error instanceof CommanderError)) return describeError(error);
  if (error.code === 'commander.help') return 'a command is missing; --help lists them';
  return describeError(error).replace(/^error: /, '');
}
