import { expect, it } from '@jest/globals';
import { ZoneWatch } from './zone-watch.ts';

function zones(count: number) {
  return {
    states: new Uint8Array(count),
    writePointers: new Float64Array(count),
    resetCounts: new Uint32Array(count),
  };
}

it('tells of each change once, whatever of a zone has changed', () => {
  const watch = new ZoneWatch();
  const device = zones(8);
  expect(watch.look(device, 8)).toBeUndefined();
  expect(watch.look(device, 8)).toEqual([]);
  device.states[1] = 2;
  device.writePointers[3] = 4096;
  device.resetCounts[5] = 1;
  expect(watch.look(device, 8)).toEqual([1, 3, 5]);
  expect(watch.look(device, 8)).toEqual([]);
});

it('tells of the others at the next look, also where a zone before them changes all the time', () => {
  const watch = new ZoneWatch();
  const device = zones(8);
  watch.look(device, 2);
  const seen = new Set<number>();
  device.states.fill(1);
  for (let round = 1; round <= 8; round++) {
    device.writePointers[0] = round;
    for (const index of watch.look(device, 2) ?? []) seen.add(index);
  }
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

it('begins anew where there are more zones or fewer', () => {
  const watch = new ZoneWatch();
  watch.look(zones(8), 8);
  expect(watch.look(zones(9), 8)).toBeUndefined();
  expect(watch.look(zones(9), 8)).toEqual([]);
});
