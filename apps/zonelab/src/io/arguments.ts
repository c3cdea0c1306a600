/** Takes one qemu-io command line apart: words, single-letter flags, numbers. */
import { readSize } from '../numbers.ts';

/** A command line that cannot be carried out. The message is printed as it is; without one, the command's usage is. */
export class IoUsageError extends Error {
  override readonly name = 'IoUsageError';
  /** qemu-io tells of some on standard error. */
  readonly toStderr: boolean;

  constructor(message: string | undefined, { toStderr = false } = {}) {
    super(message);
    this.toStderr = toStderr;
  }
}

/** Flags that a command does not take. The command's usage follows the message. */
export class IoFlagError extends Error {
  override readonly name = 'IoFlagError';
}

export interface CommandLine {
  /** Letters given, with their value where they take one: `-q` -> '', `-P 0x5a` -> '0x5a'. */
  readonly flags: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

/** Splits a line at white space; qemu-io knows no quoting. */
export function splitWords(line: string): string[] {
  return line.split(/\s+/).filter(Boolean);
}

/**
 * Reads flags as getopt does: letters may be joined (`-qP`), a value may follow its letter directly.
 * `accepted` is a getopt string: `qP:` takes -q and -P VALUE.
 */
export function readCommandLine(words: readonly string[], accepted: string): CommandLine {
  const flags = new Map<string, string>();
  const operands: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (!/^-[A-Za-z]/.test(word)) {
      operands.push(word);
      continue;
    }
    for (let index = 1; index < word.length; index++) {
      const letter = word[index] ?? '';
      const place = accepted.indexOf(letter);
      if (place < 0) throw new IoFlagError(`invalid option -- '${letter}'`);
      if (accepted[place + 1] !== ':') {
        flags.set(letter, '');
        continue;
      }
      const value = word.slice(index + 1) || words[++at];
      if (value === undefined) {
        throw new IoFlagError(`option requires an argument -- '${letter}'`);
      }
      flags.set(letter, value);
      break;
    }
  }
  return { flags, operands };
}

/** Bytes of an offset or length. */
export function readNumber(text: string): number {
  const bytes = readSize(text);
  if (bytes !== undefined) return bytes;
  throw new IoUsageError(
    `Parsing error: non-numeric argument, or extraneous/unrecognized suffix -- ${text}`,
  );
}

/** A byte value to fill with or compare against. */
export function readPattern(text: string): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 0xff) return value;
  throw new IoUsageError(`${text} is not a valid pattern byte`);
}
