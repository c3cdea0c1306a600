/** Runs qemu-io command lines against one device and keeps count of what failed. */
import { ImageError } from '@zonelab/qcow2-zoned';
import { CliError, describeError, errnoText } from '../errors.ts';
import { IoFlagError, IoUsageError, readCommandLine, splitWords } from './arguments.ts';
import { DISK_COMMANDS, type IoCommand, type IoContext } from './commands.ts';
import { FILE_COMMANDS } from './file-commands.ts';
import type { IoFile } from './io-file.ts';
import { zonedDevice } from './target.ts';
import { TRANSFER_COMMANDS } from './transfer-commands.ts';
import { ZONE_COMMANDS } from './zone-commands.ts';

const COMMANDS = [...FILE_COMMANDS, ...TRANSFER_COMMANDS, ...DISK_COMMANDS, ...ZONE_COMMANDS];

export class IoSession {
  failures = 0;
  /** Set by `quit`. */
  ended = false;

  readonly #context: IoContext;

  constructor(file: IoFile, { out, now }: Pick<IoContext, 'out' | 'now'>) {
    this.#context = {
      ...{ file, out, now },
      get target() {
        if (file.target === undefined) throw new Error('a command ran without an open file');
        return file.target;
      },
      get device() {
        return zonedDevice(this.target);
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
    if (this.#context.file.target === undefined && !command.needsNoFile) {
      this.complain("no file open, try 'help open'");
      return;
    }
    try {
      const line = readCommandLine(words, command.flags);
      const given = command.countsWords ? words.length : line.operands.length;
      const problem = operandProblem(command, given);
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
    } else if (error instanceof CliError) {
      this.complain(`zonelab io: ${describeError(error)}`);
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
