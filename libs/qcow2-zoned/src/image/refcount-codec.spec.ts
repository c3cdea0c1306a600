import { expect, it } from '@jest/globals';
import { refcountCodec } from './refcount-codec.ts';

it.each([0, 1, 2, 3, 4, 5, 6])('keeps neighbours apart in counts of 2^%i bits', (order) => {
  const codec = refcountCodec(order);
  const block = Buffer.alloc(512);
  const entries = (block.length * 8) / codec.bits;
  const value = (index: number): number => (index * 7 + 1) % (Math.min(codec.max, 2 ** 40) + 1);
  for (let index = 0; index < entries; index++) codec.set(block, index, value(index));
  for (let index = 0; index < entries; index++) expect(codec.get(block, index)).toBe(value(index));
});

it('fills a byte from its least significant bit', () => {
  const block = Buffer.alloc(1);
  refcountCodec(1).set(block, 1, 3);
  expect(block[0]).toBe(0b1100);
});
