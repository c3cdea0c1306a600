/** What every group of commands is given. */
import { Option } from 'commander';
import { type Output, outputForm } from './output.ts';

export interface CliContext {
  readonly out: Output;
  /** Set by commands that end otherwise than by success or by an error. */
  exitCode: number;
}

/** `--output human|json`, the same everywhere. */
export function outputOption(): Option {
  return new Option('--output <form>', 'human or json').default('human').argParser(outputForm);
}

/** For options that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}
