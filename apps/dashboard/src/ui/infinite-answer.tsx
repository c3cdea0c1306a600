/** A list that is read page by page, in the states that a query has. */

import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Button, Loading, ProblemNotice } from './basics.tsx';

interface Page<T> {
  items: T[];
}

interface InfiniteAnswerProps<T> {
  query: UseInfiniteQueryResult<InfiniteData<Page<T>>>;
  what: string;
  children: (items: readonly T[]) => ReactNode;
}

export function InfiniteAnswer<T>({ query, what, children }: InfiniteAnswerProps<T>) {
  const { data, error, hasNextPage, isFetchingNextPage } = query;
  const refused = error && <ProblemNotice error={error} onRetry={() => query.refetch()} />;
  if (!data) return refused ?? <Loading what={what} />;
  return (
    <>
      {refused}
      {children(data.pages.flatMap(({ items }) => items))}
      {hasNextPage && (
        <Button disabled={isFetchingNextPage} onClick={() => query.fetchNextPage()}>
          {isFetchingNextPage ? 'Loading…' : 'Show more'}
        </Button>
      )}
    </>
  );
}
