import { describe, expect, it } from '@jest/globals';
import {
  cellOf,
  fittingCell,
  MIN_CELL,
  scrollTo,
  viewportOf,
  visibleZones,
  zoneAt,
  zoomed,
} from './viewport.ts';

const COUNTS = [1, 2, 7, 256, 5_000, 100_000];

describe.each(COUNTS)('a map of %d zones', (zoneCount) => {
  const cell = fittingCell(1000, 500, zoneCount);
  const view = viewportOf(1000, 500, zoneCount, cell, 0);

  it('has every zone in sight where cells of the least size allow it', () => {
    if (cell > MIN_CELL) expect(view.rows * cell).toBeLessThanOrEqual(500);
    expect(visibleZones(view, zoneCount).first).toBe(0);
    if (view.rows * cell <= 500) expect(visibleZones(view, zoneCount).end).toBe(zoneCount);
  });

  it('finds each zone in the middle of its cell, and none beside the last', () => {
    const step = Math.max(1, Math.floor(zoneCount / 97));
    for (let index = 0; index < zoneCount; index += step) {
      const seen = { ...view, scroll: scrollTo(view, index) };
      const { x, y } = cellOf(seen, index);
      expect(zoneAt(seen, x + cell / 2, y + cell / 2, zoneCount)).toBe(index);
      expect(y >= 0 && y + cell <= 500 + cell).toBe(true);
    }
    const last = cellOf(view, zoneCount - 1);
    expect(zoneAt(view, last.x + cell * 1.5, last.y + cell / 2, zoneCount)).toBeUndefined();
  });

  it('keeps the zone under the pointer when it zooms', () => {
    const from = viewportOf(1000, 500, zoneCount, 20, 40);
    const under = zoneAt(from, 205, 130, zoneCount);
    if (under === undefined) return;
    const near = zoomed(from, 60, 205, 130, zoneCount);
    const { y } = cellOf(near, under);
    const atTheEdge = near.scroll === 0 || near.scroll === near.rows * near.cell - near.height;
    expect(atTheEdge || (y <= 130 && y + near.cell >= 130)).toBe(true);
  });
});
