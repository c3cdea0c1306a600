/** Exports, as queries and actions. */

import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { type components, resultOf } from '@zonelab/client';
import { useClient, useSession } from './session.tsx';
import { readText } from './transfers.ts';
import { useAction } from './use-action.ts';

export type Export = components['schemas']['Export'];
export type ExportStats = components['schemas']['ExportStats'];

export const ATTACH_FORMATS = ['nbd', 'qemu', 'libvirt', 'cloud-init'] as const;
export type AttachFormat = (typeof ATTACH_FORMATS)[number];

/** How often live counters are read. */
const STATS_EVERY_MS = 1_000;

export function useExports(filter: { imageId?: string } = {}) {
  const client = useClient();
  return useInfiniteQuery({
    queryKey: ['export', 'list', filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: 100, ...filter, ...(pageParam && { cursor: pageParam }) };
      return resultOf(client.GET('/v1/exports', { params: { query }, signal }));
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });
}

export function useExport(id: string) {
  const client = useClient();
  return useQuery({
    queryKey: ['export', id],
    queryFn: ({ signal }) =>
      resultOf(client.GET('/v1/exports/{id}', { params: { path: { id } }, signal })),
  });
}

export function useExportStats(id: string, live: boolean) {
  const client = useClient();
  return useQuery({
    queryKey: ['export-stats', id],
    enabled: live,
    refetchInterval: STATS_EVERY_MS,
    retry: false,
    queryFn: ({ signal }) =>
      resultOf(client.GET('/v1/exports/{id}/stats', { params: { path: { id } }, signal })),
  });
}

export function useAttachDocument(path: string, format: AttachFormat, fresh: boolean) {
  const { key } = useSession();
  const query = new URLSearchParams({ format, ...(fresh && { fresh: 'true' }) });
  return useQuery({
    queryKey: ['export', 'attach', path, format, fresh],
    retry: false,
    queryFn: ({ signal }) => readText(key, `${path}?${query}`, signal),
  });
}

export function useCreateExport() {
  const client = useClient();
  return useAction({
    run: (imageId: string) => resultOf(client.POST('/v1/exports', { body: { imageId } })),
    changes: ['export', 'image'],
    said: (_, { uri }) => `Exported at ${uri}`,
  });
}

/** Its event tells the lists; what is shown of the export itself is left by then. */
export function useDeleteExport(onDone?: () => void) {
  const client = useClient();
  return useAction({
    run: ({ id }: Export) =>
      resultOf(client.DELETE('/v1/exports/{id}', { params: { path: { id } } })),
    changes: [],
    said: ({ name }) => `Export ${name} is ended`,
    onDone,
  });
}
