/** Lines over time, drawn by uPlot in the page's colours. */

import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import css from './plot.module.css';
import { useDark } from './use-dark.ts';

export interface Line {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

interface PlotProps {
  /** What it shows, for readers of screens too. */
  title: string;
  /** Of the points, in units that `formatX` shows. */
  x: readonly number[];
  lines: readonly Line[];
  formatX: (x: number) => string;
  formatY: (y: number) => string;
  height?: number;
}

/** Okabe-Ito, those that stand out on light and dark ground. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
const COLOURS_DARK = ['#56b4e9', '#e69f00', '#2fc79b', '#e09bc4', '#f0e442', '#8fb8de'];

/** Dashes tell lines without colour. */
const DASHES = [[], [6, 3], [2, 3], [10, 3, 2, 3], [4, 2], [1, 2]];

export function lineColour(index: number, dark: boolean): string {
  const colours = dark ? COLOURS_DARK : COLOURS;
  return colours[index % colours.length] as string;
}

export function Plot({ title, x, lines, formatX, formatY, height = 190 }: PlotProps) {
  const frame = useRef<HTMLDivElement>(null);
  const dark = useDark();
  const names = lines.map(({ name }) => name).join('\n');
  const plot = useRef<uPlot>(undefined);
  const data = [[...x], ...lines.map(({ values }) => [...values])] as uPlot.AlignedData;
  const latest = useRef(data);
  latest.current = data;
  const formats = useRef({ formatX, formatY });
  formats.current = { formatX, formatY };
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const options = optionsFor(names.split('\n'), dark, formats, element.clientWidth, height);
    const made = new uPlot(options, latest.current, element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [names, dark, height]);
  useEffect(() => {
    plot.current?.setData(latest.current);
  });
  return (
    <figure className={css.figure}>
      <figcaption className={css.title}>{title}</figcaption>
      <div ref={frame} role="img" aria-label={`${title}: ${spoken(lines, formatY)}`} />
    </figure>
  );
}

/** The last value and the largest of each line. */
function spoken(lines: readonly Line[], format: (y: number) => string): string {
  return lines
    .map(({ name, values }) => {
      const known = values.filter((value) => value !== null);
      if (known.length === 0) return `${name} without values`;
      const most = known.reduce((a, b) => Math.max(a, b));
      return `${name} at most ${format(most)}, at last ${format(known.at(-1) ?? 0)}`;
    })
    .join('; ');
}

type Formats = { current: Pick<PlotProps, 'formatX' | 'formatY'> };

function optionsFor(
  names: readonly string[],
  dark: boolean,
  formats: Formats,
  width: number,
  height: number,
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (token: string) => style.getPropertyValue(token).trim();
  const axis = {
    stroke: colour('--text-muted'),
    font: `11px ${colour('--font')}`,
    grid: { stroke: colour('--border'), width: 1 },
    ticks: { show: false },
  };
  const shownX = (_: uPlot, values: number[]) =>
    values.map((value) => formats.current.formatX(value));
  const shownY = (_: uPlot, values: number[]) =>
    values.map((value) => formats.current.formatY(value));
  return {
    width,
    height,
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
    axes: [
      { ...axis, values: shownX, space: 70, size: 32 },
      { ...axis, values: shownY, size: 74 },
    ],
    cursor: { points: { size: 6 } },
    series: [
      { label: 'at', value: (_, value) => (value === null ? '–' : formats.current.formatX(value)) },
      ...names.map((label, index) => ({
        label,
        stroke: lineColour(index, dark),
        dash: DASHES[index % DASHES.length] as number[],
        width: 1.6,
        points: { show: false },
        value: (_: uPlot, value: number | null) =>
          value === null ? '–' : formats.current.formatY(value),
      })),
    ],
  };
}
