/** Carries out a command line, whatever commands there are, and tells of errors in one line. */
import { Command, CommanderError } from 'commander';
import type { CliContext } from './context.ts';
import { CliError, describeError, exitCodeOf } from './errors.ts';
import { usageMessage } from './img/usage-messages.ts';
import type { Output } from './output.ts';

export type AddCommands = (program: Command, context: CliContext) => void | Promise<void>;

/** Returns the exit code: 0 ok, 1 failed, 2 usage. */
export async function runCommands(
  args: readonly string[],
  out: Output,
  addCommands: AddCommands,
): Promise<number> {
  const context: CliContext = { out, exitCode: 0 };
  const program = new Command('zonelab')
    .description('A lab for zoned virtual storage.')
    .configureOutput({ writeOut: (text) => context.out.write(text), writeErr: () => {} })
    .exitOverride();
  try {
    await addCommands(program, context);
    await program.parseAsync(args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    out.warn(`zonelab: ${messageOf(error, args)}\n`);
    // qemu-img knows no exit code for usage, and its code 2 means a corrupt image.
    if (args[0] === 'img') return (error instanceof CliError && error.exitCode) || 1;
    return error instanceof CommanderError ? 2 : exitCodeOf(error);
  }
}

function messageOf(error: unknown, [group, ...rest]: readonly string[]): string {
  if (!(error instanceof CommanderError)) return describeError(error);
  const known = group === 'img' ? usageMessage(error, rest) : undefined;
  if (known !== undefined) return known;
  if (error.code === 'commander.help') return 'a command is missing; --help lists them';
  return describeError(error).replace(/^error: /, '');
}
