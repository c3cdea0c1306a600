import { expect, it } from '@jest/globals';
import { Turnstile } from './turnstile.ts';

function setUp(): {
  turnstile: Turnstile;
  log: string[];
  crowd: (now: boolean) => void;
  open: () => void;
} {
  let crowded = false;
  let open: () => void = () => undefined;
  const log: string[] = [];
  const turnstile = new Turnstile(
    () => crowded,
    () =>
      new Promise<void>((resolve) => {
        log.push('make room');
        open = () => {
          crowded = false;
          resolve();
        };
      }),
  );
  return { turnstile, log, crowd: (now) => (crowded = now), open: () => open() };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('lets a call pass at once where nobody waits', () => {
  const { turnstile } = setUp();
  expect(turnstile.change(() => 1)).toBe(1);
  expect(turnstile.pass(() => 2)).toBe(2);
});

it('keeps the order of those who wait for room, and makes it once', async () => {
  const { turnstile, log, crowd, open } = setUp();
  crowd(true);
  const calls = [1, 2].map((n) => turnstile.change(() => log.push(`change ${n}`)));
  const read = turnstile.pass(() => log.push('read'));
  await turn();
  expect(log).toEqual(['make room']);
  open();
  await Promise.all([...calls, read]);
  expect(log).toEqual(['make room', 'change 1', 'change 2', 'read']);
});

it('lets nobody in while one call is alone, also not those who waited before it came', async () => {
  const { turnstile, log, crowd, open } = setUp();
  crowd(true);
  const first = turnstile.change(() => log.push('first'));
  let finish: () => void = () => undefined;
  const alone = turnstile.alone(async () => {
    log.push('alone begins');
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    log.push('alone ends');
  });
  const later = turnstile.change(() => log.push('later'));
  await turn();
  open();
  await turn();
  finish();
  await Promise.all([first, alone, later]);
  expect(log).toEqual(['make room', 'first', 'alone begins', 'alone ends', 'later']);
});

it('tells a failure to whom it concerns, and goes on', async () => {
  const { turnstile } = setUp();
  const failed = turnstile.alone(() => Promise.reject(new Error('disk gone')));
  const after = turnstile.change(() => 'went on');
  await expect(failed).rejects.toThrow('disk gone');
  await expect(after).resolves.toBe('went on');
  expect(turnstile.change(() => 'at once')).toBe('at once');
});
