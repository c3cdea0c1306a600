/** What a disk with zones answers to reads where drives differ, as options of `io` and `nbd`. */
import type { OpenOptions } from '@zonelab/qcow2-zoned';
import type { Command } from 'commander';
import { usageError } from './errors.ts';

export type ReadRules = Pick<OpenOptions, 'readBeyondWritePointer' | 'readAcrossZones'>;

export interface ReadRuleFlags {
  readBeyondWp?: 'zeroes' | 'error';
  readAcrossZones?: boolean;
}

export function takesReadRules(command: Command): Command {
  return command
    .option(
      '--read-beyond-wp <answer>',
      'reads past a write pointer: zeroes (default), or error (zbc only)',
      (text) => wordOf('--read-beyond-wp', text, { zeroes: 'zeroes', error: 'error' } as const),
    )
    .option(
      '--read-across-zones <on|off>',
      'whether a read may go from a zone into the next; default on',
      (text) => wordOf('--read-across-zones', text, { on: true, off: false }),
    );
}

export function readRulesOf({ readBeyondWp, readAcrossZones }: ReadRuleFlags): ReadRules {
  return { readBeyondWritePointer: readBeyondWp, readAcrossZones };
}

function wordOf<T>(option: string, text: string, words: Readonly<Record<string, T>>): T {
  const value = words[text];
  if (value === undefined) throw usageError(option, text, Object.keys(words).join(' or '));
  return value;
}
