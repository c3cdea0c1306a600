/**
 * Random sequences of operations on our engine and on QEMU's tools, side by side. A failing one is shortened and
 * printed; ZONELAB_SEED plays one seed, ZONELAB_REPLAY plays a printed sequence again.
 *
 * The quick form always plays the same seeds, one for each row of create options; ZONELAB_LONG=1 plays new ones
 * every time.
 */
import { afterAll, expect, it } from '@jest/globals';
import { seeds } from '../random.fixture.ts';
import { LANDED } from './landed.fixture.ts';
import { coveringRows, pairsOf } from './options.fixture.ts';
import { failureOf, shrink } from './shrink.fixture.ts';
import { drawSequence, type Sequence } from './steps.fixture.ts';

const rows = coveringRows(LANDED.choice);
/** Shortening takes long: where everything fails, the first failures tell enough. */
const MOST_SHORTENED = 3;
let shortened = 0;
const covered = new Set<string>();

async function expectToPlay(sequence: Sequence): Promise<void> {
  const failure = await failureOf(sequence);
  for (const pair of pairsOf(sequence.choice)) covered.add(pair);
  if (failure === undefined) return;
  if (shortened++ >= MOST_SHORTENED) throw new Error(`seed ${sequence.seed}: ${failure.message}`);
  const short = await shrink(sequence, failure);
  throw new Error(
    `seed ${sequence.seed}: ${failure.message}\nshortened: ${short.failure.message}\n` +
      `ZONELAB_REPLAY='${JSON.stringify(short.sequence)}'`,
  );
}

const LONG = 2500;

const replay = process.env.ZONELAB_REPLAY;
const sequences: Sequence[] = replay
  ? [JSON.parse(replay)]
  : seeds(rows.length, LONG).map((seed) =>
      drawSequence(seed, rows[seed % rows.length] as (typeof rows)[number], LANDED.step),
    );

it.each(sequences.map((sequence) => [sequence.seed, sequence] as const))(
  'QEMU and we agree after every step (seed %i)',
  async (_seed, sequence) => {
    await expectToPlay(sequence);
    expect(sequence.steps.length).toBeGreaterThan(0);
  },
  300_000,
);

afterAll(() => {
  const possible = new Set(rows.flatMap(pairsOf));
  console.log(
    `pairs of create options covered: ${covered.size} of ${possible.size}; ` +
      `ZONELAB_LONG=1 plays ${LONG} random sequences, ZONELAB_SEED=<number> one`,
  );
});
