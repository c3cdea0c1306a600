import { expect, it } from '@jest/globals';
import { matrixOf, valueAt } from './matrix.ts';

const run = (queueDepth: number, blockSize: number) =>
  ({ definition: { workload: { phases: [{ queueDepth, blockSize }] } } }) as never;
const DEPTH = 'workload.phases[0].queueDepth';
const BLOCK = 'workload.phases[0].blockSize';

it('finds a value by its path', () => {
  expect(valueAt(run(4, 512), `definition.${DEPTH}`)).toBe(4);
  expect(valueAt({}, DEPTH)).toBeUndefined();
});

it('has a row for each value of the first field, and a column for each of the others', () => {
  const runs = [run(1, 512), run(1, 4096), run(2, 512)];
  expect(matrixOf(runs, [DEPTH, BLOCK])).toEqual({
    rows: ['1', '2'],
    columns: ['512', '4096'],
    cells: [
      [runs[0], runs[1]],
      [runs[2], undefined],
    ],
  });
});

it('has one column where one field varies', () => {
  expect(matrixOf([run(1, 512), run(2, 512)], [DEPTH])).toMatchObject({
    rows: ['1', '2'],
    columns: [''],
  });
});
