/** Experiments and sweeps, as queries and actions. */

import { useQuery } from '@tanstack/react-query';
import { type components, resultOf } from '@zonelab/client';
import type { CreateExperiment, CreateSweep } from '@zonelab/contracts';
import type { Schema } from '../ui/schema-form/schema.ts';
import type { Comparison, Report } from './report.ts';
import { useClient } from './session.tsx';
import { useAction } from './use-action.ts';

export type Experiment = components['schemas']['Experiment'];
export type Sweep = components['schemas']['Sweep'];

/** The newest come last in the API's pages; one page of its largest size is plenty to look at. */
const MOST = 1_000;

export function useExperiments(filter: { sweepId?: string } = {}) {
  const client = useClient();
  return useQuery({
    queryKey: ['experiment', 'list', filter],
    queryFn: async ({ signal }) => {
      const query = { limit: MOST, ...filter };
      const { items } = await resultOf(
        client.GET('/v1/experiments', { params: { query }, signal }),
      );
      return items;
    },
  });
}

export function useExperiment(id: string) {
  const client = useClient();
  return useQuery({
    queryKey: ['experiment', id],
    queryFn: ({ signal }) =>
      resultOf(client.GET('/v1/experiments/{id}', { params: { path: { id } }, signal })),
  });
}

/** A report never changes. */
export function useReport(id: string) {
  const client = useClient();
  return useQuery({
    queryKey: ['report', id],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const call = client.GET('/v1/experiments/{id}/report', { params: { path: { id } }, signal });
      return (await resultOf(call)) as unknown as Report;
    },
  });
}

export function useComparison(ids: readonly string[]) {
  const client = useClient();
  return useQuery({
    queryKey: ['comparison', ids],
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async ({ signal }) => {
      const query = { ids: ids.join(',') };
      const call = client.GET('/v1/experiments/compare', { params: { query }, signal });
      return (await resultOf(call)) as unknown as Comparison;
    },
  });
}

export function useSweeps() {
  const client = useClient();
  return useQuery({
    queryKey: ['experiment', 'sweeps'],
    queryFn: async ({ signal }) => {
      const params = { query: { limit: MOST } };
      return (await resultOf(client.GET('/v1/sweeps', { params, signal }))).items;
    },
  });
}

export function useSweep(id: string) {
  const client = useClient();
  return useQuery({
    queryKey: ['experiment', 'sweep', id],
    queryFn: ({ signal }) =>
      resultOf(client.GET('/v1/sweeps/{id}', { params: { path: { id } }, signal })),
  });
}

export interface Choice {
  readonly name: string;
  readonly description: string;
  readonly parameters: Schema;
}

/** Presets and kinds of workload, with the schema of each. */
export function useChoices() {
  const client = useClient();
  return useQuery({
    queryKey: ['choices'],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const [presets, workloads] = await Promise.all([
        resultOf(client.GET('/v1/presets', { signal })),
        resultOf(client.GET('/v1/workloads', { signal })),
      ]);
      return {
        presets: presets.items as readonly Choice[],
        workloads: workloads.items.map(({ kind, ...rest }) => ({
          name: kind,
          ...rest,
        })) as readonly Choice[],
      };
    },
  });
}

export function useQueueExperiment(onDone: (path: string) => void) {
  const client = useClient();
  const queued = { changes: ['experiment'], ownProblems: true };
  const one = useAction({
    ...queued,
    run: (body: CreateExperiment) => resultOf(client.POST('/v1/experiments', { body })),
    onDone: ({ id }) => onDone(`/experiments/${id}`),
  });
  const sweep = useAction({
    ...queued,
    run: (body: CreateSweep) => resultOf(client.POST('/v1/sweeps', { body: body as never })),
    onDone: ({ id }) => onDone(`/sweeps/${id}`),
  });
  return { one, sweep };
}

export function useCancelExperiment() {
  const client = useClient();
  return useAction({
    run: ({ id }: Experiment) =>
      resultOf(client.DELETE('/v1/experiments/{id}', { params: { path: { id } } })),
    changes: ['experiment'],
    said: () => 'The experiment is cancelled',
  });
}
