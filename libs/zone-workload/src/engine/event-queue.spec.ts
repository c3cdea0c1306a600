import { expect, it } from '@jest/globals';
import { Random } from '../random.ts';
import { EventQueue } from './event-queue.ts';

it('gives events by time, and in order of submission where times are equal', () => {
  const slots = 300;
  const random = new Random(5);
  const queue = new EventQueue(slots);
  const expected: { slot: number; time: number; order: number }[] = [];
  for (let slot = 0; slot < slots; slot++) {
    const time = random.below(40);
    expected.push({ slot, time, order: slot });
    queue.push(slot, time);
  }
  expected.sort((a, b) => a.time - b.time || a.order - b.order);
  const popped = expected.map(() => queue.pop());
  expect(popped).toEqual(expected.map(({ slot }) => slot));
  expect(queue.size).toBe(0);
});

it('keeps the order while slots are taken out and put back', () => {
  const random = new Random(6);
  const queue = new EventQueue(16);
  for (let slot = 0; slot < 16; slot++) queue.push(slot, random.below(100));
  let nowNs = 0;
  for (let n = 0; n < 5000; n++) {
    const slot = queue.pop();
    expect(queue.timeOf(slot)).toBeGreaterThanOrEqual(nowNs);
    nowNs = queue.timeOf(slot);
    queue.push(slot, nowNs + random.below(100));
  }
});
