import { expect, it } from '@jest/globals';
import { KeyedMutex } from './keyed-mutex.ts';

it('runs the actions of one key one after the other, also after one that failed', async () => {
  const mutex = new KeyedMutex();
  const events: string[] = [];
  const action =
    (name: string, fails = false) =>
    async () => {
      events.push(`${name} begins`);
      await Promise.resolve();
      events.push(`${name} ends`);
      if (fails) throw new Error(name);
    };
  const results = await Promise.allSettled([
    mutex.run('k', action('a', true)),
    mutex.run('k', action('b')),
  ]);
  expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  expect(results.map((result) => result.status)).toEqual(['rejected', 'fulfilled']);
});

it('does not let one key wait for another', async () => {
  const mutex = new KeyedMutex();
  let release = () => {};
  const held = mutex.run('a', () => new Promise<void>((resolve) => (release = resolve)));
  expect(await mutex.run('b', async () => 'done')).toBe('done');
  release();
  await held;
});
