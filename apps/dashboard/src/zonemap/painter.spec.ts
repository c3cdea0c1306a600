import { expect, it } from '@jest/globals';
import type { Zone } from '@zonelab/contracts';
import { paintZones, wearColour } from './painter.ts';
import { viewportOf } from './viewport.ts';
import { ZoneTable } from './zone-table.ts';

const zone = (index: number, change: Partial<Zone> = {}): Zone => ({
  index,
  type: 'sequential',
  condition: 'empty',
  start: index * 100,
  size: 100,
  capacity: 80,
  writePointer: index * 100,
  resetCount: 0,
  ...change,
});

const ALL = { view: 'conditions', only: undefined, dark: false } as const;

/** Colours of a column of pixels through a zone's cell, top to bottom, as red-green-blue. */
function column(table: ZoneTable, index: number, options: Parameters<typeof paintZones>[3] = ALL) {
  const view = viewportOf(40, 10, table.zoneCount, 10, 0);
  const pixels = new Uint32Array(400);
  paintZones(pixels, table, view, options);
  const at = (y: number) => pixels[y * 40 + index * 10 + 1] as number;
  return Array.from({ length: 9 }, (_, y) => (at(y) & 0xffffff).toString(16).padStart(6, '0'));
}

it('fills a cell from below, as far as the zone is written', () => {
  const table = new ZoneTable(4, 100);
  table.take([zone(0), zone(1, { condition: 'closed', writePointer: 140 })]);
  const closed = '009fe6'; // e69f00, blue first
  expect(column(table, 1).filter((colour) => colour === closed)).toHaveLength(5);
  expect(column(table, 1).at(-1)).toBe(closed);
  expect(new Set(column(table, 0)).size).toBe(1);
});

it('paints every written zone with at least one row', () => {
  const table = new ZoneTable(4, 100);
  table.take([zone(0, { condition: 'implicit-open', writePointer: 1 })]);
  expect(new Set(column(table, 0)).size).toBe(2);
});

it('fades what is filtered out, and shows wear beside the most worn', () => {
  const table = new ZoneTable(4, 100);
  table.take([zone(0, { condition: 'full', resetCount: 2 }), zone(1, { resetCount: 4 })]);
  const plain = column(table, 0);
  expect(column(table, 0, { ...ALL, only: 4 })).toEqual(plain);
  expect(column(table, 0, { ...ALL, only: 0 })).not.toEqual(plain);
  const worn = (share: number) => (wearColour(share) & 0xffffff).toString(16).padStart(6, '0');
  expect(column(table, 0, { ...ALL, view: 'wear' })[0]).toBe(worn(0.5));
  expect(column(table, 1, { ...ALL, view: 'wear' })[0]).toBe(worn(1));
});

it('counts zones by condition through every change, and tells of each batch once', () => {
  const table = new ZoneTable(4, 100);
  let told = 0;
  table.subscribe(() => told++);
  table.take([zone(0), zone(1), zone(2, { condition: 'full', writePointer: 300 })]);
  table.take([zone(0, { condition: 'offline' }), zone(9)]);
  expect(table.counts).toEqual([1, 0, 0, 0, 1, 0, 0, 1]);
  expect([told, table.knownCount]).toEqual([2, 3]);
  expect(table.zone(2)).toEqual(zone(2, { condition: 'full', writePointer: 300 }));
});

it('keeps what changed while an older report was on its way', () => {
  const table = new ZoneTable(4, 100);
  const asked = table.version;
  table.take([zone(1, { condition: 'full' })]);
  table.takeReport([zone(0), zone(1)], asked);
  expect([table.zone(0).condition, table.zone(1).condition]).toEqual(['empty', 'full']);
  table.takeReport([zone(1)], table.version);
  expect(table.zone(1).condition).toBe('empty');
});
