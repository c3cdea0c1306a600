/** Images, as queries. The first part of a query's key is the resource that events name. */

import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { resultOf } from '@zonelab/client';
import type { ImageStatus } from '@zonelab/contracts';
import { useClient } from './session.tsx';

export interface ImageFilter {
  readonly name?: string | undefined;
  readonly status?: ImageStatus | undefined;
  /** `key=value` */
  readonly label?: string | undefined;
}

const PAGE_ITEMS = 100;

export function useImages(filter: ImageFilter = {}) {
  const client = useClient();
  return useInfiniteQuery({
    queryKey: ['image', 'list', filter],
    placeholderData: keepPreviousData,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const query = {
        limit: PAGE_ITEMS,
        ...(filter.name && { name: filter.name }),
        ...(filter.status && { status: filter.status }),
        ...(filter.label && { label: filter.label }),
        ...(pageParam && { cursor: pageParam }),
      };
      return resultOf(client.GET('/v1/images', { params: { query }, signal }));
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });
}

export function useImage(id: string) {
  const client = useClient();
  return useQuery({
    queryKey: ['image', id],
    queryFn: ({ signal }) =>
      resultOf(client.GET('/v1/images/{id}', { params: { path: { id } }, signal })),
  });
}
