/** What commands print to, and the two forms in which most of them print. */
import { CliError } from './errors.ts';

export interface Output {
  /** Standard output. */
  write(text: string): void;
  /** Standard error. */
  warn(text: string): void;
  /** Whether standard output is a terminal: colours and redrawn lines are welcome. */
  readonly isTerminal: boolean;
  /** Width of the terminal in characters; 80 where there is none. */
  readonly columns: number;
}

let listening = false;

/**
 * Goes on when whoever reads the output has gone, as in `zonelab io … | head -1`: an image that is open must be closed.
 * Loaded with the first output: many commands have none.
 */
function standardOutput(): NodeJS.WriteStream {
  if (!listening)
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  listening = true;
  return process.stdout;
}

export const processOutput: Output = {
  write: (text) => void standardOutput().write(text),
  warn: (text) => void process.stderr.write(text),
  get isTerminal() {
    return process.stdout.isTTY === true && !process.env.NO_COLOR;
  },
  get columns() {
    return process.stdout.columns ?? 80;
  },
};

export type OutputForm = 'human' | 'json';

export function outputForm(text: string): OutputForm {
  if (text === 'human' || text === 'json') return text;
  throw new CliError('usage', '--output must be used with human or json as argument.');
}

/** JSON laid out as qemu-img lays it out: ASCII alone, and the end of an empty list on a line of its own. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value, null, 4)
    .replaceAll(/^( *)(.*)\[\](,?)$/gm, '$1$2[\n$1]$3')
    .replaceAll(/[\u007f-\uffff]/g, (unit) => {
      return `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    });
  return `${text}\n`;
}

/** Rows under a heading, columns as wide as their widest cell. */
export function tableText(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const all = [heading, ...rows];
  const widths = heading.map((_, column) =>
    Math.max(...all.map((row) => (row[column] ?? '').length)),
  );
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
