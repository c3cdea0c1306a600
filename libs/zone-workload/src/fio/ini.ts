/** The form of a fio job file: sections, options, comments. Meaning is not its matter. */
import type { DefinitionProblem } from '../errors.ts';

export interface FioOption {
  readonly name: string;
  /** Undefined where the option stands alone: fio takes that for true. */
  readonly value: string | undefined;
  /** Counted from 1. */
  readonly line: number;
}

export interface FioSection {
  readonly name: string;
  readonly line: number;
  readonly options: readonly FioOption[];
}

/** Where in the definition a line of the job file stands. */
export function linePath(line: number, option?: string): string {
  return `workload.fio line ${line}${option === undefined ? '' : `, ${option}`}`;
}

export function parseIni(text: string, problems: DefinitionProblem[]): readonly FioSection[] {
  const sections: { name: string; line: number; options: FioOption[] }[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    const content = raw.trim();
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue;
    if (content.startsWith('[')) {
      const name = /^\[([^\]]+)\]$/.exec(content)?.[1];
      if (name === undefined) {
        problems.push({ path: linePath(line), given: JSON.stringify(content), allowed: '[name]' });
        continue;
      }
      sections.push({ name, line, options: [] });
      continue;
    }
    const section = sections.at(-1);
    if (!section) {
      problems.push({
        path: linePath(line),
        given: JSON.stringify(content),
        allowed: 'a section before the first option, as [global]',
      });
      continue;
    }
    const equals = content.indexOf('=');
    const name = (equals < 0 ? content : content.slice(0, equals)).trim();
    const value = equals < 0 ? undefined : content.slice(equals + 1).trim();
    section.options.push({ name, value, line });
  }
  return sections;
}
