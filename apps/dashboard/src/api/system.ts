/** Gateways and queues, as queries. */

import { useQuery } from '@tanstack/react-query';
import { type components, resultOf } from '@zonelab/client';
import { useClient } from './session.tsx';

export type Gateway = components['schemas']['Gateway'];
export type Queue = components['schemas']['Queue'];

/** Hearts beat, and queues move, without events. */
const EVERY_MS = 2_000;

export function useGateways() {
  const client = useClient();
  return useQuery({
    queryKey: ['gateways'],
    refetchInterval: EVERY_MS,
    queryFn: async ({ signal }) => (await resultOf(client.GET('/v1/gateways', { signal }))).items,
  });
}

export function useQueues() {
  const client = useClient();
  return useQuery({
    queryKey: ['queues'],
    refetchInterval: EVERY_MS,
    queryFn: async ({ signal }) => (await resultOf(client.GET('/v1/queues', { signal }))).items,
  });
}
