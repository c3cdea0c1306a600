/**
 * Paints zones into pixels. Cells are rectangles in a buffer of 32-bit pixels: the cost is that of the visible pixels,
 * however many zones there are, and no call into the canvas per zone.
 */

import { CONDITIONS, LOOKS } from './conditions.ts';
import { type Viewport, visibleZones } from './viewport.ts';
import type { ZoneTable } from './zone-table.ts';

export type MapView = 'conditions' | 'wear';

export interface PaintOptions {
  readonly view: MapView;
  /** Shown at full strength; the others fade. Undefined: all. */
  readonly only: number | undefined;
  readonly dark: boolean;
}

type Rgb = readonly [number, number, number];

const LIGHT: Rgb = [255, 255, 255];
const DARK: Rgb = [22, 29, 38];
/** Dark grey to yellow: rises in lightness for every kind of colour vision (after cividis). */
const WEAR: readonly Rgb[] = [
  [0, 42, 102],
  [62, 79, 111],
  [117, 117, 117],
  [180, 163, 102],
  [255, 234, 70],
];

/** Cells from this size on have a gap beside them. */
const GAP_FROM = 5;

interface CellColours {
  /** By condition: behind the fill level, and the level itself. */
  readonly back: readonly number[];
  readonly level: readonly number[];
  readonly fadedBack: readonly number[];
  readonly fadedLevel: readonly number[];
  readonly unknown: number;
}

const cache = new Map<boolean, CellColours>();

function coloursFor(dark: boolean): CellColours {
  const known = cache.get(dark);
  if (known) return known;
  const ground = dark ? DARK : LIGHT;
  const shades = (strength: number) =>
    CONDITIONS.map((condition) => pixel(blend(ground, rgb(LOOKS[condition].colour), strength)));
  const made = {
    back: CONDITIONS.map((condition) =>
      pixel(blend(ground, rgb(LOOKS[condition].colour), condition === 'empty' ? 0.2 : 0.38)),
    ),
    level: shades(1),
    fadedBack: shades(0.07),
    fadedLevel: shades(0.16),
    unknown: pixel(blend(ground, [128, 128, 128], 0.08)),
  };
  cache.set(dark, made);
  return made;
}

/** Conditions that have no level: the whole cell has their colour. */
const SOLID = new Set(
  ['full', 'not-wp', 'read-only', 'offline'].map((name) => CONDITIONS.indexOf(name as never)),
);

/** Paints what is visible. `pixels` holds width x height of the viewport and is overwritten. */
export function paintZones(
  pixels: Uint32Array,
  table: ZoneTable,
  view: Viewport,
  options: PaintOptions,
): void {
  pixels.fill(0);
  const colours = coloursFor(options.dark);
  const { first, end } = visibleZones(view, table.zoneCount);
  const gap = view.cell >= GAP_FROM ? Math.max(1, Math.floor(view.cell / 14)) : 0;
  const side = view.cell - gap;
  let x = 0;
  let y = Math.floor(first / view.columns) * view.cell - view.scroll;
  let column = 0;
  for (let index = first; index < end; index++) {
    paintCell(pixels, table, view, options, colours, { index, x, y, side });
    column++;
    x += view.cell;
    if (column === view.columns) {
      column = 0;
      x = 0;
      y += view.cell;
    }
  }
}

interface Cell {
  index: number;
  x: number;
  y: number;
  side: number;
}

function paintCell(
  pixels: Uint32Array,
  table: ZoneTable,
  view: Viewport,
  { view: kind, only }: PaintOptions,
  colours: CellColours,
  { index, x, y, side }: Cell,
): void {
  if (table.known[index] === 0) {
    rectangle(pixels, view, x, y, side, side, colours.unknown);
    return;
  }
  const condition = table.conditions[index] as number;
  const faded = only !== undefined && only !== condition;
  if (kind === 'wear') {
    const share = table.mostResets === 0 ? 0 : (table.resets[index] as number) / table.mostResets;
    rectangle(pixels, view, x, y, side, side, faded ? colours.unknown : wearColour(share));
    return;
  }
  const back = (faded ? colours.fadedBack : colours.back)[condition] as number;
  const level = (faded ? colours.fadedLevel : colours.level)[condition] as number;
  if (SOLID.has(condition)) {
    rectangle(pixels, view, x, y, side, side, level);
    return;
  }
  rectangle(pixels, view, x, y, side, side, back);
  const filled = table.fill(index);
  if (filled === 0) return;
  const height = Math.max(1, Math.round(side * filled));
  rectangle(pixels, view, x, y + side - height, side, height, level);
}

function rectangle(
  pixels: Uint32Array,
  { width, height: bottom }: Viewport,
  x: number,
  y: number,
  wide: number,
  high: number,
  colour: number,
): void {
  const from = Math.max(0, y);
  const to = Math.min(bottom, y + high);
  const right = Math.min(width, x + wide);
  for (let row = from; row < to; row++) {
    const end = row * width + right;
    // a call of fill for each row of a cell of three pixels would take most of the time
    for (let at = row * width + x; at < end; at++) pixels[at] = colour;
  }
}

/** Share of the most worn zone's resets, from 0 to 1, as a pixel. */
export function wearColour(share: number): number {
  const at = share * (WEAR.length - 1);
  const low = Math.min(WEAR.length - 2, Math.floor(at));
  return pixel(blend(WEAR[low] as Rgb, WEAR[low + 1] as Rgb, at - low));
}

export function wearGradient(): string {
  return `linear-gradient(90deg, ${WEAR.map((one) => `rgb(${one.join(' ')})`).join(', ')})`;
}

function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function blend(under: Rgb, over: Rgb, strength: number): Rgb {
  const mix = (a: number, b: number) => Math.round(a + (b - a) * strength);
  return [mix(under[0], over[0]), mix(under[1], over[1]), mix(under[2], over[2])];
}

/** As ImageData holds it where the processor is little-endian, as all are that browsers run on. */
function pixel([red, green, blue]: Rgb): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
