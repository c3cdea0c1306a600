/** A query in its three states: on its way, refused, there. */

import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Loading, ProblemNotice } from './basics.tsx';

interface AnswerProps<T> {
  query: UseQueryResult<T>;
  /** What is loaded, as in `the images`. */
  what: string;
  children: (data: T) => ReactNode;
}

export function Answer<T>({ query, what, children }: AnswerProps<T>) {
  if (query.data !== undefined) {
    return (
      <>
        {query.error && <ProblemNotice error={query.error} onRetry={() => query.refetch()} />}
        {children(query.data)}
      </>
    );
  }
  if (query.error) return <ProblemNotice error={query.error} onRetry={() => query.refetch()} />;
  return <Loading what={what} />;
}
