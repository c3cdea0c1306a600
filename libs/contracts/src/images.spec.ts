import { expect, it } from '@jest/globals';
import { createImageSchema } from './images.ts';

it('turns sizes into bytes', () => {
  expect(createImageSchema.parse({ name: 'disk', size: '1G', zoneSize: '64M' })).toEqual({
    name: 'disk',
    size: 1024 ** 3,
    zoneSize: 64 * 1024 ** 2,
    labels: {},
  });
});

it('takes a plain disk without zoned fields', () => {
  expect(createImageSchema.safeParse({ name: 'disk', size: 512 }).success).toBe(true);
});

it('wants a zone size as soon as a zoned field is given', () => {
  const result = createImageSchema.safeParse({ name: 'disk', size: '1G', profile: 'zns' });
  expect(result.error?.issues).toMatchObject([{ path: ['zoneSize'] }]);
});
