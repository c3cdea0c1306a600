/** Runs qemu-io command lines against one device and keeps count of what failed. */
import { ImageError } from '@zonelab/qcow2-zoned';
import { describeError, errnoText } from '../errors.ts';
import { IoFlagError, IoUsageError, readCommandLine, splitWords } from './arguments.ts';
import { DISK_COMMANDS, type IoCommand, type IoContext } from './commands.ts';
import { type IoTarget, zonedDevice } from './target.ts';
import { TRANSFER_COMMANDS } from './transfer-commands.ts';
import { ZONE_COMMANDS } from './zone-commands.ts';

const COMMANDS = [...TRANSFER_COMMANDS, ...DISK_COMMANDS, ...ZONE_COMMANDS];

export class IoSession {
  failures = 0;
  /** Set by `quit`. */
  ended = false;

  readonly #context: IoContext;

  constructor(target: IoTarget, { out, now }: Pick<IoContext, 'out' | 'now'>) {
    this.#context = {
      ...{ target, out, now },
      get device() {
        return zonedDevice(target);
      },
    };
  }

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
      else if (command.writes && this.#context.target.readOnly)
        this.complain('zonelab io: Block node is read-only');
      else if (!(await command.run(this.#context, line))) this.#count(command);
    } catch (error) {
      this.report(command, error);
    }
  }

  #count(command: IoCommand): void {
    if (!command.asynchronous) this.failures++;
  }

  private report(command: IoCommand, error: unknown): void {
    const { out } = this.#context;
    if (error instanceof IoFlagError) {
      this.complain(`${command.names[0]}: ${error.message}`);
      out.write(helpLine(command));
    } else if (error instanceof IoUsageError) {
      if (error.toStderr) this.complain(error.message);
      else this.refuse(error.message ? `${error.message}\n` : helpLine(command));
    } else if (error instanceof ImageError) {
      this.#count(command);
      out.write(`${command.failure}: ${errnoText(error)}\n`);
      out.warn(`zonelab io: ${describeError(error)}\n`);
    } else {
      throw error;
    }
  }

  private refuse(text: string): void {
    this.failures++;
    this.#context.out.write(text);
  }

  /** qemu-io tells of commands that it does not know how to run on standard error. */
  private complain(message: string): void {
    this.failures++;
    this.#context.out.warn(`${message}\n`);
  }

  private help(name: string | undefined): void {
    const shown = name === undefined ? COMMANDS : [findCommand(name)].filter((found) => !!found);
    if (shown.length === 0) this.#context.out.write(`command ${name} not found\n`);
    for (const command of shown) this.#context.out.write(helpLine(command));
  }
}

function helpLine({ names, usage, summary }: IoCommand): string {
  return `${names[0]} ${usage}`.trimEnd().concat(` -- ${summary}\n`);
}

function findCommand(name: string): IoCommand | undefined {
  return COMMANDS.find(({ names }) => names.includes(name));
}

function operandProblem(command: IoCommand, given: number): string | undefined {
  const { minOperands, maxOperands, names } = command;
  if (given >= minOperands && given <= maxOperands) return undefined;
  const expected =
    maxOperands === Number.POSITIVE_INFINITY
      ? `at least ${minOperands}`
      : minOperands === maxOperands
        ? `${minOperands}`
        : `between ${minOperands} and ${maxOperands}`;
  return `bad argument count ${given} to ${names[0]}, expected ${expected} arguments`;
}
