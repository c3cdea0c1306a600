/** Draws zones as a map: one cell a zone, rows labelled with the index of their first zone. */
import type { Zone } from '@zonelab/qcow2-zoned';
import { MAX_MAP_CELLS } from '../limits.ts';
import { humanSize } from '../numbers.ts';

type Condition = Zone['condition'];

interface Look {
  /** The cell where there are no colours. */
  readonly letter: string;
  /** ANSI "select graphic rendition" parameter. */
  readonly colour: number;
  /** The cell where there are colours; without one it shows how far the zone is written. */
  readonly glyph?: string;
  readonly name: string;
}

/** In order of what a cell shows that stands for several zones: the first one present wins. */
const LOOKS: Readonly<Record<Condition, Look>> = {
  offline: { letter: 'x', colour: 31, glyph: '✕', name: 'offline' },
  'read-only': { letter: 'r', colour: 35, name: 'read-only' },
  'explicit-open': { letter: 'O', colour: 92, name: 'explicitly open' },
  'implicit-open': { letter: 'o', colour: 32, name: 'implicitly open' },
  closed: { letter: 'c', colour: 33, name: 'closed' },
  full: { letter: '#', colour: 36, name: 'full' },
  empty: { letter: '.', colour: 90, glyph: '·', name: 'empty' },
  'not-wp': { letter: '=', colour: 34, glyph: '≡', name: 'conventional' },
};
const CONDITIONS = Object.keys(LOOKS) as Condition[];
const LEVELS = [...'▁▂▃▄▅▆▇█'];

export interface MapOptions {
  readonly colours: boolean;
  /** Characters a row may take, its label included. */
  readonly columns: number;
}

/** The map, then a legend with the number of zones in each condition and the bytes written. */
export function drawZoneMap(zones: readonly Zone[], { colours, columns }: MapOptions): string {
  const perCell = Math.max(1, Math.ceil(zones.length / MAX_MAP_CELLS));
  const cells = chunks(zones, perCell).map((group) => drawCell(group, colours));
  const label = String(zones.at(-1)?.index ?? 0).length;
  const width = cellsPerRow(columns - label - 2);
  const rows = chunks(cells, width).map((row, index) => {
    const first = zones[index * width * perCell]?.index ?? 0;
    return `${String(first).padStart(label)}  ${row.join('')}\n`;
  });
  const scale = perCell > 1 ? `one cell: ${perCell} zones\n` : '';
  return `${rows.join('')}\n${scale}${legend(zones, colours)}`;
}

/** Rows of a multiple of 16 cells are easy to count in; narrow terminals get what fits. */
function cellsPerRow(room: number): number {
  return room >= 16 ? Math.min(64, room - (room % 16)) : Math.max(1, room);
}

function drawCell(zones: readonly Zone[], colours: boolean): string {
  const condition = CONDITIONS.find((name) => zones.some((zone) => zone.condition === name));
  const { letter, colour, glyph } = LOOKS[condition ?? 'empty'];
  if (!colours) return letter;
  const filled = sum(zones, writtenBytes) / sum(zones, ({ capacity }) => capacity);
  const level = LEVELS[Math.min(LEVELS.length - 1, Math.floor(filled * LEVELS.length))];
  return `\u001b[${colour}m${glyph ?? level}\u001b[0m`;
}

function legend(zones: readonly Zone[], colours: boolean): string {
  const parts = CONDITIONS.map((condition) => {
    const count = zones.filter((zone) => zone.condition === condition).length;
    const { name, letter, glyph, colour } = LOOKS[condition];
    const mark = colours ? `\u001b[${colour}m${glyph ?? '▆'}\u001b[0m` : letter;
    return count > 0 ? `${mark} ${count} ${name}` : '';
  }).filter(Boolean);
  const capacity = sum(zones, (zone) => zone.capacity);
  const sequential = zones.filter(({ type }) => type === 'sequential');
  const written = `${humanSize(sum(sequential, writtenBytes))} behind write pointers`;
  return `${parts.join('   ')}\n${zones.length} zones, capacity ${humanSize(capacity)}, ${written}\n`;
}

/** Bytes behind the write pointer; a full zone reports start + size, which may pass its capacity. */
function writtenBytes({ writePointer, start, capacity }: Zone): number {
  return Math.min(writePointer - start, capacity);
}

function sum(zones: readonly Zone[], amount: (zone: Zone) => number): number {
  return zones.reduce((total, zone) => total + amount(zone), 0);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
