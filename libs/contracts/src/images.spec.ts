import { expect, it } from '@jest/globals';
import { createImageSchema } from './images.ts';
import { fieldErrors } from './problem.ts';

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

it.each([
  ['name', { name: 'a\0' }],
  ['name', { name: 'a\ud800' }],
  ['labels.team', { labels: { team: 'a\0b' } }],
  ['labels.team', { labels: { team: '\udc00\ud800' } }],
  ['labels.a\0', { labels: { 'a\0': 'b' } }],
  ['labels.\ud83d', { labels: { '\ud83d': 'b' } }],
])('refuses text that no database stores, in %j', (path, change) => {
  const result = createImageSchema.safeParse({ name: 'disk', size: 512, ...change });
  expect(fieldErrors(result.error?.issues ?? [], change)).toMatchObject([{ path }]);
});

it('takes any other text in labels', () => {
  const labels = { größe: '💾', '💾': '' };
  expect(createImageSchema.parse({ name: 'disk', size: 512, labels }).labels).toEqual(labels);
});

it('says which key of the labels is wrong, and what it may be', () => {
  const input = { name: 'disk', size: 512, labels: { 'a\0': 'b' } };
  expect(fieldErrors(createImageSchema.safeParse(input).error?.issues ?? [], input)).toEqual([
    {
      path: 'labels.a\0',
      given: 'a\0',
      allowed: 'a key of text without U+0000 and lone surrogates',
    },
  ]);
});

it.each([512, '64k', '2M'])('takes clusters of %p', (clusterSize) => {
  expect(createImageSchema.safeParse({ name: 'a', size: 512, clusterSize }).success).toBe(true);
});

it.each([256, 1000, '3k', '4M', 0, -512])('refuses clusters of %p, saying the limits', (given) => {
  const input = { name: 'disk', size: 512, clusterSize: given };
  const allowed = expect.stringMatching(/, a power of two from 512 to 2097152 bytes$/);
  expect(fieldErrors(createImageSchema.safeParse(input).error?.issues ?? [], input)).toEqual([
    { path: 'clusterSize', given, allowed },
  ]);
});

it.each([
  [{ zoneCapacity: '4M' }, 'zoneCapacity makes'],
  [{ profile: 'zns', maxOpenZones: 2 }, 'profile and maxOpenZones make'],
])('says why it wants a zone size beside %j', (fields, why) => {
  const result = createImageSchema.safeParse({ name: 'disk', size: '1G', ...fields });
  const message = `a size, since ${why} the image zoned`;
  expect(result.error?.issues).toMatchObject([{ path: ['zoneSize'], message }]);
});

it('wants a zone size as soon as a zoned field is given', () => {
  const result = createImageSchema.safeParse({ name: 'disk', size: '1G', profile: 'zns' });
  expect(result.error?.issues).toMatchObject([{ path: ['zoneSize'] }]);
});
