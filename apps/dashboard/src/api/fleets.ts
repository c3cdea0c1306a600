/** Fleets and their disks, as queries and actions. */

import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { type components, resultOf } from '@zonelab/client';
import { useClient } from './session.tsx';
import { useAction } from './use-action.ts';

export type Fleet = components['schemas']['Fleet'];
export type FleetDisk = components['schemas']['FleetDisk'];
export type CreateFleet = components['schemas']['CreateFleet'];

/** Clients and zones of the disks move without events. */
const DISKS_EVERY_MS = 3_000;

export function useFleets() {
  const client = useClient();
  return useQuery({
    queryKey: ['fleet', 'list'],
    queryFn: async ({ signal }) => {
      const params = { query: { limit: 1000 } };
      return (await resultOf(client.GET('/v1/fleets', { params, signal }))).items;
    },
  });
}

export function useFleet(id: string) {
  const client = useClient();
  return useQuery({
    queryKey: ['fleet', id],
    queryFn: ({ signal }) =>
      resultOf(client.GET('/v1/fleets/{id}', { params: { path: { id } }, signal })),
  });
}

export function useFleetDisks(id: string) {
  const client = useClient();
  return useInfiniteQuery({
    queryKey: ['fleet', id, 'disks'],
    initialPageParam: undefined as number | undefined,
    refetchInterval: DISKS_EVERY_MS,
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: 200, ...(pageParam !== undefined && { cursor: pageParam }) };
      const params = { path: { id }, query };
      return resultOf(client.GET('/v1/fleets/{id}/disks', { params, signal }));
    },
    getNextPageParam: ({ nextCursor }) => (nextCursor === null ? undefined : Number(nextCursor)),
  });
}

export function useCreateFleet(onDone: (fleet: Fleet) => void) {
  const client = useClient();
  return useAction({
    run: (body: CreateFleet) => resultOf(client.POST('/v1/fleets', { body })),
    changes: ['fleet'],
    onDone,
    ownProblems: true,
  });
}

/** How many disks are wanted; fewer take those with the highest numbers away. */
export function useScaleFleet(id: string) {
  const client = useClient();
  return useAction({
    run: (count: number) =>
      resultOf(client.PATCH('/v1/fleets/{id}', { params: { path: { id } }, body: { count } })),
    changes: ['fleet'],
    said: (count) => `${count} disks are wanted now`,
  });
}

export function useDeleteFleet(onDone: () => void) {
  const client = useClient();
  return useAction({
    run: ({ id }: Fleet) =>
      resultOf(client.DELETE('/v1/fleets/{id}', { params: { path: { id } } })),
    changes: ['fleet'],
    said: ({ name }) => `Fleet ${name} goes with its disks`,
    onDone,
  });
}

export function useReplaceDisk(id: string) {
  const client = useClient();
  return useAction({
    run: (disk: number) =>
      resultOf(
        client.POST('/v1/fleets/{id}/disks/{disk}/replace', { params: { path: { id, disk } } }),
      ),
    changes: ['fleet'],
    said: (disk) => `Disk ${disk} is made anew`,
  });
}
