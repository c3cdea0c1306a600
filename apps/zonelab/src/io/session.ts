/** Runs qemu-io command lines against one device and keeps count of what failed. */
import { ImageError } from '@zonelab/qcow2-zoned';
import { describeError, errnoText } from '../errors.ts';
import { IoUsageError, readCommandLine, splitWords } from './arguments.ts';
import { DISK_COMMANDS, type IoCommand, type IoContext } from './commands.ts';
import { ZONE_COMMANDS } from './zone-commands.ts';

const COMMANDS = [...DISK_COMMANDS, ...ZONE_COMMANDS];

export class IoSession {
  failures = 0;
  /** Set by `quit`. */
  ended = false;

  constructor(private readonly context: IoContext) {}

  /** Carries out one line. Refusals are printed and counted; the next line may still run. */
  async run(line: string): Promise<void> {
    const [name, ...words] = splitWords(line);
    if (name === undefined) return;
    if (name === 'quit' || name === 'q') {
      this.ended = true;
      return;
    }
    if (name === 'help' || name === '?') {
      this.help(words[0]);
      return;
    }
    const command = findCommand(name);
    if (!command) {
      this.refuse(`command "${name}" not found`);
      return;
    }
    try {
      if (!(await runCommand(command, words, this.context))) this.failures++;
    } catch (error) {
      this.report(command, error);
    }
  }

  private report(command: IoCommand, error: unknown): void {
    if (error instanceof IoUsageError) {
      this.refuse(error.message);
    } else if (error instanceof ImageError) {
      this.refuse(`${command.failure}: ${errnoText(error)}`);
      this.context.out.warn(`zonelab io: ${describeError(error)}\n`);
    } else {
      throw error;
    }
  }

  private refuse(message: string): void {
    this.failures++;
    this.context.out.write(`${message}\n`);
  }

  private help(name: string | undefined): void {
    const shown = name === undefined ? COMMANDS : [findCommand(name)].filter((found) => !!found);
    if (shown.length === 0) this.refuse(`command ${name} not found`);
    for (const { names, usage, summary } of shown) {
      const [first, ...others] = names;
      const also = others.length > 0 ? ` (also ${others.join(', ')})` : '';
      this.context.out.write(`${first} ${usage}`.trimEnd().concat(` -- ${summary}${also}\n`));
    }
  }
}

function findCommand(name: string): IoCommand | undefined {
  return COMMANDS.find(({ names }) => names.includes(name));
}

function runCommand(
  command: IoCommand,
  words: readonly string[],
  context: IoContext,
): Promise<boolean> {
  const { minOperands, maxOperands, names, flags } = command;
  const line = readCommandLine(words, flags);
  const given = line.operands.length;
  if (given < minOperands || given > maxOperands) {
    const expected =
      minOperands === maxOperands ? `exactly ${minOperands}` : `at least ${minOperands}`;
    throw new IoUsageError(
      `bad argument count ${given} to ${names[0]}, expected ${expected} arguments`,
    );
  }
  return command.run(context, line);
}
