import { expect, it } from '@jest/globals';
import type { Zone } from '@zonelab/qcow2-zoned';
import { drawZoneMap } from './map.ts';
import { reportLine } from './report.ts';

const MIB = 1024 ** 2;

function zone(index: number, condition: Zone['condition'], written = 0): Zone {
  return {
    index,
    type: condition === 'not-wp' ? 'conventional' : 'sequential',
    condition,
    start: index * MIB,
    size: MIB,
    capacity: MIB,
    writePointer: index * MIB + written,
    resetCount: 0,
  };
}

const sample = [
  zone(0, 'not-wp'),
  zone(1, 'full', MIB),
  zone(2, 'implicit-open', MIB / 2),
  zone(3, 'explicit-open'),
  zone(4, 'closed', 4096),
  zone(5, 'empty'),
  zone(6, 'read-only'),
  zone(7, 'offline'),
];

it('draws one letter a zone, with a legend that counts them', () => {
  const map = drawZoneMap(sample, { colours: false, columns: 80 });
  expect(map).toMatch(/^0 {2}=#oOc\.rx\n/);
  expect(map).toContain('# 1 full');
  expect(map).toContain('8 zones, capacity 8 MiB, 1.5 MiB behind write pointers');
});

it('labels each row with the index of its first zone', () => {
  const zones = Array.from({ length: 40 }, (_, index) => zone(index, 'empty'));
  const rows = drawZoneMap(zones, { colours: false, columns: 22 }).split('\n');
  expect(rows.slice(0, 3)).toEqual([
    ` 0  ${'.'.repeat(16)}`,
    `16  ${'.'.repeat(16)}`,
    `32  ${'.'.repeat(8)}`,
  ]);
});

it('lets one cell stand for several zones of a large device, the rarest condition showing', () => {
  const zones = Array.from({ length: 4096 }, (_, index) =>
    zone(index, index === 5 ? 'offline' : 'empty'),
  );
  const map = drawZoneMap(zones, { colours: false, columns: 80 });
  expect(map).toMatch(/^ {3}0 {2}\.\.x\./);
  expect(map).toContain('one cell: 2 zones');
});

it('reports a zone as blkzone does, the write pointer counted from the start', () => {
  expect(reportLine(zone(4, 'closed', 4096))).toBe(
    '  start: 0x000002000, len 0x000800, cap 0x000800, wptr 0x000008 reset:0 non-seq:0, ' +
      'zcond: 4(cl) [type: 2(SEQ_WRITE_REQUIRED)]\n',
  );
});
