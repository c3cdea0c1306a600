import { expect, it } from '@jest/globals';
import { Followers } from './followers.ts';
import { FORGET_FOLLOWER_MS, MAX_FOLLOWERS } from './limits.ts';

it('keeps the watch of who asks, and forgets who does not', () => {
  let nowMs = 0;
  const followers = new Followers(() => nowMs);
  const [asking, silent] = [followers.watchOf('asking'), followers.watchOf('silent')];
  nowMs = FORGET_FOLLOWER_MS;
  expect(followers.watchOf('asking')).toBe(asking);
  nowMs += 1;
  expect(followers.watchOf('asking')).toBe(asking);
  expect(followers.watchOf('silent')).not.toBe(silent);
});

it('forgets those first who asked longest ago when there are too many', () => {
  const followers = new Followers(() => 0);
  const first = followers.watchOf('first');
  const second = followers.watchOf('second');
  for (let more = 0; more < MAX_FOLLOWERS - 1; more++) followers.watchOf(`more ${more}`);
  expect(followers.watchOf('second')).toBe(second);
  expect(followers.watchOf('first')).not.toBe(first);
});
