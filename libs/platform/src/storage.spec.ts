import { expect, it } from '@jest/globals';
import { imagePath } from './storage.ts';

const pools = [
  { name: 'fast', path: '/nvme' },
  { name: 'slow', path: '/srv/smr' },
];

it('finds an image below the path of its pool', () => {
  expect(imagePath(pools, 'slow', 'id')).toBe('/srv/smr/id/image.qcow2');
});

it('refuses a pool that this process does not reach, and names those that it does', () => {
  expect(() => imagePath(pools, 'far', 'id')).toThrow(
    'pool: got far, this process reaches fast, slow',
  );
});
