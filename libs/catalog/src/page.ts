/** Keyset pages over version 7 UUIDs, which sort by time of creation. */

import type { Page } from '@zonelab/contracts';

interface PageRequest {
  limit: number;
  cursor?: string | undefined;
}

/** Query for one row more than the page holds: whether it comes tells if there is a next page. */
export function pageArguments({ limit, cursor }: PageRequest, order: 'asc' | 'desc' = 'asc') {
  const after = order === 'asc' ? { gt: cursor } : { lt: cursor };
  return {
    take: limit + 1,
    orderBy: { id: order },
    where: cursor === undefined ? {} : { id: after },
  };
}

export function toPage<Row extends { id: string }, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const more = rows.length > limit;
  return { items: shown.map(toItem), nextCursor: (more && shown.at(-1)?.id) || null };
}
