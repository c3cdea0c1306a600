/** The order that the least-recently-used list keeps. */

import { expect, it } from '@jest/globals';
import { LruList } from './lru.ts';

function listOf(...indexes: number[]): LruList {
  const list = new LruList(10);
  for (const index of indexes) list.add(index);
  return list;
}

it('keeps the order of addition', () => {
  const list = listOf(4, 0, 9);
  expect([...list]).toEqual([4, 0, 9]);
  expect(list.oldest()).toBe(4);
});

it('makes a touched index the newest', () => {
  const list = listOf(4, 0, 9);
  list.touch(0);
  list.touch(4);
  list.touch(4);
  expect([...list]).toEqual([9, 0, 4]);
  expect(list.size).toBe(3);
});

it('removes from either end and the middle until it is empty', () => {
  const list = listOf(4, 0, 9);
  for (const index of [0, 9, 4]) list.remove(index);
  expect([...list]).toEqual([]);
  expect(list.size).toBe(0);
});

it('is copied whole', () => {
  const list = listOf(4, 0);
  const copy = list.clone();
  copy.add(7);
  list.remove(4);
  expect([...copy]).toEqual([4, 0, 7]);
  expect([...list]).toEqual([0]);
});

it('only counts where nobody asks for the oldest', () => {
  const list = new LruList(10, false);
  for (const index of [3, 7, 9]) list.add(index);
  list.touch(3);
  list.remove(7);
  expect([list.size, list.clone().size]).toEqual([2, 2]);
});
