/** The benchmark that needs a lab, on sizes that show only that it works; the others are tested beside their sources. */

import { expect, it } from '@jest/globals';
import { zonelab } from './lab.fixture.ts';

interface Result {
  readonly name: string;
  readonly figures: readonly {
    readonly name: string;
    readonly ours: { readonly median: number };
  }[];
}

it('measures a fleet beside a loop in the shell', async () => {
  const text = await zonelab('bench', '--tiny', '--output', 'json', 'fleets');
  const [result] = JSON.parse(text) as Result[];
  expect(result?.figures).toHaveLength(6);
  for (const { name, ours } of result?.figures ?? [])
    expect([name, ours.median > 0]).toEqual([name, true]);
});
