/** Results as a table for the terminal and for docs/benchmarks.md. */
import { type Figure, reached } from './figure.ts';
import type { Machine, Noise } from './machine.ts';

export interface Result {
  readonly name: string;
  readonly about: string;
  /** When the run ended, ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly noise: { readonly before: Noise; readonly after: Noise };
  readonly figures: readonly Figure[];
}

const HEADING = ['figure', 'unit', 'ours', 'spread', 'peer', "peer's", 'ratio', 'goal', 'reached'];

/** A row under `HEADING`. The spread is the median distance from the median, then the extremes. */
function rowOf(figure: Figure): string[] {
  const { name, unit, ours, peer, ratio, limit, goal } = figure;
  const goalText = goal && ('ratio' in goal ? `ratio ${number(goal.ratio)}` : number(goal.value));
  const verdict = reached(figure);
  return [
    name,
    unit,
    number(ours.median),
    `±${number(ours.mad)} (${number(ours.min)} to ${number(ours.max)})`,
    [peer?.name, limit && `(limit: ${limit.name})`].filter(Boolean).join(' '),
    [peer && number(peer.median), limit && `(${number(limit.median)})`].filter(Boolean).join(' '),
    ratio ? `${number(ratio.median)} (${number(ratio.min)} to ${number(ratio.max)})` : '',
    goalText ?? '',
    verdict === undefined ? '' : verdict ? 'yes' : 'no',
  ];
}

export function tableText({ name, about, noise, figures }: Result): string {
  const rows = [HEADING, ...figures.map(rowOf)];
  const widths = HEADING.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd(),
  );
  return `${[`${name}: ${about}`, ...lines, noiseText(noise)].join('\n')}\n\n`;
}

/** A section of the document, with what it was measured on. */
export function markdown(result: Result): string {
  const { name, about, date, machine, noise, figures } = result;
  const rows = [HEADING, HEADING.map(() => '---'), ...figures.map(rowOf)];
  return [
    `### ${name}`,
    '',
    `${about[0]?.toUpperCase()}${about.slice(1)}.`,
    '',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
    `${date.slice(0, 10)}, ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ` +
      `${machine.kernel}, Node ${machine.node}, QEMU ${machine.qemu}. ${noiseText(noise)}`,
    '',
  ].join('\n');
}

const MARKS = {
  begin: '<!-- results: written by zonelab bench -->',
  end: '<!-- end of results -->',
};

/** The document with its results replaced. */
export function withResults(document: string, results: readonly Result[]): string {
  const [begin, end] = [document.indexOf(MARKS.begin), document.indexOf(MARKS.end)];
  if (begin < 0 || end < begin) throw new Error(`the document lacks ${MARKS.begin} … ${MARKS.end}`);
  const text = results.map(markdown).join('\n');
  return `${document.slice(0, begin + MARKS.begin.length)}\n\n${text}\n${document.slice(end)}`;
}

function noiseText({ before, after }: Result['noise']): string {
  const one = ({ loopMs, load }: Noise) =>
    `${number(loopMs.median)} ms (${number(loopMs.min)} to ${number(loopMs.max)}), load ${number(load)}`;
  return `Noise: a fixed loop took ${one(before)} before, ${one(after)} after.`;
}

/** Three significant digits, thousands grouped. */
function number(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
