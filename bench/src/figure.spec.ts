import { describe, expect, it } from '@jest/globals';
import { type Contest, compare, reached } from './figure.ts';
import { summarize } from './statistics.ts';

describe('a summary', () => {
  it('holds the median, the extremes and the median distance from the median', () => {
    expect(summarize([9, 1, 2, 3, 100])).toMatchObject({ median: 3, min: 1, max: 100, mad: 2 });
  });

  it('takes the middle of an even number of samples', () => {
    expect(summarize([4, 1, 3, 2]).median).toBe(2.5);
  });
});

function contestOf(mine: number[], theirs: number[], better: 'higher' | 'lower') {
  const order: string[] = [];
  const side = (name: string, values: number[]) => ({
    name,
    run: () => {
      order.push(name);
      return { value: values.shift() ?? Number.NaN };
    },
  });
  const quantity = { key: 'value', name: 'speed', unit: '1/s', better };
  const contest: Contest = {
    ours: side('ours', mine),
    peer: side('peer', theirs),
    quantities: [quantity],
  };
  return { contest, order };
}

describe('a comparison', () => {
  it('runs the sides in turns and leaves the first turn out', async () => {
    const { contest, order } = contestOf([1000, 2, 4], [1000, 1, 1], 'higher');
    const [figure] = await compare(contest, 2);
    expect(order).toEqual(['ours', 'peer', 'ours', 'peer', 'ours', 'peer']);
    expect(figure?.ours.samples).toEqual([2, 4]);
    expect(figure?.ratio?.samples).toEqual([2, 4]);
  });

  it('puts the ratio above 1 where ours takes less of what should be low', async () => {
    const { contest } = contestOf([0, 2], [0, 6], 'lower');
    const [figure] = await compare(contest, 1);
    expect(figure?.ratio?.median).toBe(3);
  });
});

describe('a goal', () => {
  const figure = { name: 'speed', unit: 's', better: 'lower', ours: summarize([5]) } as const;

  it('given as a value holds in the direction that is better', () => {
    expect(reached({ ...figure, goal: { value: 5 } })).toBe(true);
    expect(reached({ ...figure, goal: { value: 4 } })).toBe(false);
    expect(reached({ ...figure, better: 'higher', goal: { value: 4 } })).toBe(true);
  });

  it('given as a ratio is missed where there is no peer to beat', () => {
    expect(reached({ ...figure, goal: { ratio: 1 } })).toBe(false);
    expect(reached({ ...figure, ratio: summarize([1]), goal: { ratio: 1 } })).toBe(true);
  });
});
