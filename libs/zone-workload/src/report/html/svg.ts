/** Small plots as SVG text: lines over linear, logarithmic or named axes, bars, and a map of cells. No scripts, no requests. */

export interface Axis {
  readonly label: string;
  readonly format: (value: number) => string;
  /** Default linear. */
  readonly scale?: 'linear' | 'log';
  /** Round ticks are multiples of powers of two: for bytes. */
  readonly binary?: boolean;
  /** Fixed ticks and their names, instead of round ones. */
  readonly ticks?: readonly { readonly at: number; readonly name: string }[];
}

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

export interface LinePlot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  /** Mark the points themselves. */
  readonly dots?: boolean;
}

/** Told apart in print and by colour-blind readers: Okabe and Ito's palette. */
export const COLOURS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#7f7f7f',
  '#000000',
];

const WIDTH = 640;
const HEIGHT = 280;
const LEFT = 76;
const RIGHT = 16;
const TOP = 48;
const BOTTOM = 46;
const PLOT_WIDTH = WIDTH - LEFT - RIGHT;
const PLOT_HEIGHT = HEIGHT - TOP - BOTTOM;

export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

export function renderLines(plot: LinePlot): string {
  const points = plot.lines.flatMap((line) => line.points);
  if (points.length === 0) return '';
  const x = scaleOf(
    plot.x,
    points.map(([at]) => at),
    LEFT,
    LEFT + PLOT_WIDTH,
    false,
  );
  const y = scaleOf(
    plot.y,
    points.map(([, at]) => at),
    TOP + PLOT_HEIGHT,
    TOP,
    true,
  );
  const lines = plot.lines.map((line, n) => {
    const colour = COLOURS[n % COLOURS.length] as string;
    const shown = line.points.filter(([a, b]) => x.shows(a) && y.shows(b));
    const path = shown.map(([a, b]) => `${place(x.at(a))},${place(y.at(b))}`).join(' ');
    const dots = plot.dots
      ? shown
          .map(([a, b]) => {
            const tip = `${line.name}, ${plot.x.format(a)}: ${plot.y.format(b)}`;
            return `<circle cx="${place(x.at(a))}" cy="${place(y.at(b))}" r="3" fill="${colour}"><title>${escapeText(tip)}</title></circle>`;
          })
          .join('')
      : '';
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.6"/>${dots}`;
  });
  return frame(plot, x, y, lines.join(''));
}

export interface Bar {
  readonly name: string;
  readonly value: number;
}

/** Horizontal bars, one under the other. */
export function renderBars(
  title: string,
  bars: readonly Bar[],
  format: (v: number) => string,
): string {
  const max = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const step = 24;
  const label = 190;
  const height = TOP - 12 + bars.length * step + 8;
  const rows = bars.map(({ name, value }, n) => {
    const top = TOP - 12 + n * step;
    const width = place((value / max) * (WIDTH - label - 100));
    const text = `x="${label + Number(width) + 6}" y="${top + 13}"`;
    return `<text x="${label - 8}" y="${top + 13}" text-anchor="end">${escapeText(name)}</text><rect x="${label}" y="${top}" width="${width}" height="18" fill="${COLOURS[0]}"/><text ${text}>${escapeText(format(value))}</text>`;
  });
  return `${open(title, height)}${rows.join('')}</svg>`;
}

export interface Cell {
  readonly colour: string;
  readonly tip: string;
}

/** A map of equal cells, row by row. */
export function renderCells(title: string, cells: readonly Cell[]): string {
  const columns = Math.min(64, Math.max(16, Math.ceil(Math.sqrt(cells.length * 2.5))));
  const size = (WIDTH - 2 * RIGHT) / columns;
  const rows = Math.ceil(cells.length / columns);
  const drawn = cells.map(({ colour, tip }, n) => {
    const left = place(RIGHT + (n % columns) * size);
    const top = place(TOP - 12 + Math.floor(n / columns) * size);
    const side = place(Math.max(1, size - 1));
    return `<rect x="${left}" y="${top}" width="${side}" height="${side}" fill="${colour}"><title>${escapeText(tip)}</title></rect>`;
  });
  return `${open(title, TOP + rows * size)}${drawn.join('')}</svg>`;
}

/** From pale to dark as the share goes from 0 to 1; grey for nothing. */
export function heatColour(share: number): string {
  if (share <= 0) return '#e4e4e4';
  const mix = (from: number, to: number) => Math.round(from + (to - from) * Math.min(1, share));
  return `rgb(${mix(253, 127)},${mix(224, 0)},${mix(190, 45)})`;
}

interface Scale {
  at(value: number): number;
  shows(value: number): boolean;
  readonly ticks: readonly { readonly at: number; readonly name: string }[];
}

function scaleOf(
  axis: Axis,
  values: readonly number[],
  from: number,
  to: number,
  fromZero: boolean,
): Scale {
  const isLog = axis.scale === 'log';
  const usable = values.filter((value) => Number.isFinite(value) && (!isLog || value > 0));
  let low = isLog || !fromZero ? Math.min(...usable) : 0;
  let high = Math.max(...usable);
  if (usable.length === 0) [low, high] = [isLog ? 1 : 0, 1];
  if (isLog) {
    low = 10 ** Math.floor(Math.log10(low));
    high = 10 ** Math.ceil(Math.log10(high) + (high === low ? 1 : 0));
    if (high === low) high = low * 10;
  } else if (high <= low) high = low + 1;
  const ticks =
    axis.ticks ??
    (isLog ? decades(low, high) : rounds(low, high, axis.binary === true)).map((at) => ({
      at,
      name: axis.format(at),
    }));
  if (!isLog && !axis.ticks && fromZero) high = Math.max(high, ticks.at(-1)?.at ?? high);
  const position = isLog
    ? (value: number) => Math.log(value / low) / Math.log(high / low)
    : (value: number) => (value - low) / (high - low);
  return {
    at: (value) => from + position(value) * (to - from),
    shows: (value) => Number.isFinite(value) && (!isLog || value > 0),
    ticks,
  };
}

function decades(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let at = low; at <= high * 1.001; at *= 10) ticks.push(at);
  return ticks.length > 7 ? ticks.filter((_, n) => n % 2 === 0) : ticks;
}

/** Four to eight multiples of a power of two, or of 1, 2 or 5 times a power of ten; the last one covers the end. */
function rounds(low: number, high: number, binary: boolean): number[] {
  const raw = (high - low) / 5;
  if (binary) return multiples(low, high, 2 ** Math.ceil(Math.log2(raw)));
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  return multiples(low, high, step);
}

function multiples(low: number, high: number, step: number): number[] {
  const ticks: number[] = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++)
    ticks.push(n * step);
  const last = ticks.at(-1) ?? low;
  if (low === 0 && last < high * 0.999) ticks.push(last + step);
  return ticks;
}

function frame(plot: LinePlot, x: Scale, y: Scale, body: string): string {
  const bottom = TOP + PLOT_HEIGHT;
  const grid = y.ticks.map(({ at, name }) => {
    const top = place(y.at(at));
    return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${top}" y2="${top}" class="grid"/><text x="${LEFT - 8}" y="${Number(top) + 4}" text-anchor="end">${escapeText(name)}</text>`;
  });
  const below = x.ticks.map(({ at, name }) => {
    const left = place(x.at(at));
    return `<line x1="${left}" x2="${left}" y1="${bottom}" y2="${bottom + 4}" class="axis"/><text x="${left}" y="${bottom + 18}" text-anchor="middle">${escapeText(name)}</text>`;
  });
  const names = plot.lines.map((line) => line.name);
  const axis = `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${bottom}" y2="${bottom}" class="axis"/>`;
  const labels = `<text x="${LEFT + PLOT_WIDTH / 2}" y="${HEIGHT - 8}" text-anchor="middle" class="label">${escapeText(plot.x.label)}</text><text transform="translate(14 ${TOP + PLOT_HEIGHT / 2}) rotate(-90)" text-anchor="middle" class="label">${escapeText(plot.y.label)}</text>`;
  return `${open(plot.title, HEIGHT)}${legend(names)}${grid.join('')}${below.join('')}${axis}${labels}${body}</svg>`;
}

function legend(names: readonly string[]): string {
  let left = LEFT;
  const entries: string[] = [];
  for (const [n, name] of names.entries()) {
    if (left > WIDTH - 80) break;
    const colour = COLOURS[n % COLOURS.length];
    entries.push(
      `<rect x="${left}" y="30" width="12" height="4" fill="${colour}"/><text x="${left + 17}" y="36">${escapeText(name)}</text>`,
    );
    left += 34 + name.length * 6.5;
  }
  return entries.join('');
}

function open(title: string, height: number): string {
  const size = `viewBox="0 0 ${WIDTH} ${place(height)}"`;
  return `<svg ${size} role="img" aria-label="${escapeText(title)}"><text x="${RIGHT}" y="17" class="title">${escapeText(title)}</text>`;
}

function place(at: number): string {
  return String(Math.round(at * 10) / 10);
}
