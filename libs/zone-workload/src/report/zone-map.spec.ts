import { expect, it } from '@jest/globals';
import type { ZoneCondition } from '@zonelab/qcow2-zoned';
import { renderZoneMap } from './zone-map.ts';

it('breaks lines after 64 zones and numbers them', () => {
  const conditions = Array.from({ length: 70 }, (): ZoneCondition => 'empty');
  conditions[64] = 'full';
  expect(renderZoneMap(conditions)).toBe(
    [` 0  ${'.'.repeat(64)}`, '64  #.....', '. empty   # full'].join('\n'),
  );
});

it('shows, where zones share a character, the one that needs attention', () => {
  const conditions = Array.from({ length: 2048 }, (): ZoneCondition => 'full');
  conditions[5] = 'offline';
  const [first, ...others] = renderZoneMap(conditions).split('\n');
  expect(first).toBe(`   0  ##x${'#'.repeat(61)}`);
  expect(others.at(-1)).toBe('# full   x offline   2 zones per character');
});
