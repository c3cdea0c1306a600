/** What qemu-img says of command lines that are wrong before any command begins. */
import type { CommanderError } from 'commander';

/** Commands that take another number of names than one. */
const EXPECTED: Readonly<Record<string, string>> = {
  bitmap: 'Expecting filename and bitmap name',
  compare: 'Expecting two image file names',
  convert: 'Must specify image file name',
  create: 'Expecting image file name',
  resize: 'Not enough arguments',
};

/** `args`: the command line from the name of the command on. Undefined where qemu-img has no words for it. */
export function usageMessage(
  { code, message }: CommanderError,
  args: readonly string[],
): string | undefined {
  const [command] = args;
  switch (code) {
    case 'commander.help':
      return 'Not enough arguments';
    case 'commander.unknownCommand':
      return `Command not found: ${command}`;
    case 'commander.unknownOption':
      return `unrecognized option '${/'(-[^']*)'/.exec(message)?.[1]}'`;
    case 'commander.optionMissingArgument':
      return `missing argument for option '${args.at(-1)}'`;
    case 'commander.missingArgument':
    case 'commander.excessArguments':
      return EXPECTED[command ?? ''] ?? 'Expecting one image file name';
    default:
      return undefined;
  }
}
