import { expect, it } from '@jest/globals';
import { pageArguments, toPage } from './page.ts';

const rows = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];
const idOf = (row: { id: string }): string => row.id;

it('points at the last row of a page where more follow', () => {
  expect(toPage(rows, 2, idOf)).toEqual({ items: ['a', 'b'], nextCursor: 'b' });
});

it('ends with a page that is just full', () => {
  expect(toPage(rows, 3, idOf)).toEqual({ items: ['a', 'b', 'c'], nextCursor: null });
});

it('asks for one row more than the page holds, after the cursor', () => {
  expect(pageArguments({ limit: 2, cursor: 'b' })).toMatchObject({
    take: 3,
    where: { id: { gt: 'b' } },
  });
});
