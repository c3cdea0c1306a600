import { expect, it } from '@jest/globals';
import { waitUntil } from './wait-until.ts';

it('asks until there is an answer', async () => {
  let asked = 0;
  expect(await waitUntil('third time', () => ++asked === 3 && asked)).toBe(3);
});

it('says what did not happen in time', async () => {
  await expect(waitUntil('pigs fly', () => undefined, 30)).rejects.toThrow(
    'not in 30 ms: pigs fly',
  );
});
