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
      this.complain(`command "${name}" not found`);
      return;
    }
    try {
      const line = readCommandLine(words, command.flags);
      const problem = operandProblem(command, line.operands.length);
      if (problem) this.complain(problem);
      else if (!(await command.run(this.context, line))) this.failures++;
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

  /** qemu-io tells of commands that it does not know how to run on standard error. */
  private complain(message: string): void {
    this.failures++;
    this.context.out.warn(`${message}\n`);
  }

  private help(name: string | undefined): void {
    const shown = name === undefined ? COMMANDS : [findCommand(name)].filter((found) => !!found);
    if (shown.length === 0) this.complain(`command ${name} not found`);
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

function operandProblem(command: IoCommand, given: number): string | undefined {
  const { minOperands, maxOperands, names } = command;
  if (given >= minOperands && given <= maxOperands) return undefined;
  const expected =
    minOperands === maxOperands ? `${minOperands}` : `between ${minOperands} and ${maxOperands}`;
  return `bad argument count ${given} to ${names[0]}, expected ${expected} arguments`;
}
