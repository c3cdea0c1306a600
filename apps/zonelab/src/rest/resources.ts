/** The resources of the REST API: how each is asked for, and how it shows in a table. */

import { type ApiClient, resultOf } from '@zonelab/client';
import type { Experiment, Export, Fleet, Image, Key, Sweep, Trace, Zone } from '@zonelab/contracts';
import { humanSize } from '../numbers.ts';

interface PageOf<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

type Cursor = { cursor?: string };

export interface Resource<T> {
  readonly name: string;
  readonly heading: readonly string[];
  row(item: T): string[];
  page(api: ApiClient, query: Cursor): Promise<PageOf<T>>;
  remove(api: ApiClient, id: string): Promise<unknown>;
}

/** One that can also be asked for alone. */
export interface ShownResource<T> extends Resource<T> {
  get(api: ApiClient, id: string): Promise<T>;
}

const byId = (id: string) => ({ params: { path: { id } } });

export const IMAGES: ShownResource<Image> = {
  name: 'image',
  heading: ['ID', 'NAME', 'STATUS', 'SIZE', 'PROFILE', 'ZONES'],
  row: ({ id, name, status, size, profile, zoneCount }) => {
    return [id, name, status, humanSize(size), profile ?? 'plain', String(zoneCount ?? '-')];
  },
  page: (api, query) => resultOf(api.GET('/v1/images', { params: { query } })),
  get: (api, id) => resultOf(api.GET('/v1/images/{id}', byId(id))),
  remove: (api, id) => resultOf(api.DELETE('/v1/images/{id}', byId(id))),
};

export const EXPORTS: ShownResource<Export> = {
  name: 'export',
  heading: ['ID', 'NAME', 'STATUS', 'URI'],
  row: ({ id, name, status, uri }) => [id, name, status, uri ?? '-'],
  page: (api, query) => resultOf(api.GET('/v1/exports', { params: { query } })),
  get: (api, id) => resultOf(api.GET('/v1/exports/{id}', byId(id))),
  remove: (api, id) => resultOf(api.DELETE('/v1/exports/{id}', byId(id))),
};

export const EXPERIMENTS: ShownResource<Experiment> = {
  name: 'experiment',
  heading: ['ID', 'NAME', 'STATUS', 'PROGRESS', 'SEED'],
  row: ({ id, name, status, progress, seed }) => {
    return [id, name ?? '-', status, `${Math.round(progress * 100)}%`, String(seed)];
  },
  page: (api, query) => resultOf(api.GET('/v1/experiments', { params: { query } })),
  get: (api, id) => resultOf(api.GET('/v1/experiments/{id}', byId(id))),
  remove: (api, id) => resultOf(api.DELETE('/v1/experiments/{id}', byId(id))),
};

/** Deleting one takes its disks away, one after the other. */
export const FLEETS: ShownResource<Fleet> = {
  name: 'fleet',
  heading: ['ID', 'NAME', 'STATUS', 'DISKS', 'PROGRESS', 'FAILED'],
  row: ({ id, name, status, count, progress, disks }) => {
    return [
      id,
      name,
      status,
      String(count),
      `${Math.floor(progress * 100)}%`,
      String(disks.failed),
    ];
  },
  page: (api, query) => resultOf(api.GET('/v1/fleets', { params: { query } })),
  get: (api, id) => resultOf(api.GET('/v1/fleets/{id}', byId(id))),
  remove: (api, id) => resultOf(api.DELETE('/v1/fleets/{id}', byId(id))),
};

export const SWEEPS: ShownResource<Sweep> = {
  name: 'sweep',
  heading: ['ID', 'NAME', 'STATUS', 'PROGRESS', 'RUNS', 'SUCCEEDED', 'FAILED'],
  row: ({ id, name, status, progress, runs, counts }) => [
    ...[id, name ?? '-', status, `${Math.round(progress * 100)}%`],
    ...[runs, counts.succeeded ?? 0, counts.failed ?? 0].map(String),
  ],
  page: (api, query) => resultOf(api.GET('/v1/sweeps', { params: { query } })),
  get: (api, id) => resultOf(api.GET('/v1/sweeps/{id}', byId(id))),
  remove: (api, id) => resultOf(api.DELETE('/v1/sweeps/{id}', byId(id))),
};

export const TRACES: ShownResource<Trace> = {
  name: 'trace',
  heading: ['ID', 'NAME', 'FORMAT', 'SIZE', 'SHA-256'],
  row: ({ id, name, format, size, sha256 }) => [id, name, format, humanSize(size), sha256],
  page: (api, query) => resultOf(api.GET('/v1/traces', { params: { query } })),
  get: (api, id) => resultOf(api.GET('/v1/traces/{id}', byId(id))),
  remove: (api, id) => resultOf(api.DELETE('/v1/traces/{id}', byId(id))),
};

/** Keys are listed, not shown one by one; deleting one revokes it. */
export const KEYS: Resource<Key> = {
  name: 'key',
  heading: ['ID', 'NAME', 'ROLE', 'CREATED', 'EXPIRES', 'LAST USED', 'REVOKED'],
  row: ({ id, name, role, createdAt, expiresAt, lastUsedAt, revokedAt }) => {
    return [id, name, role, createdAt, expiresAt ?? 'never', lastUsedAt ?? '-', revokedAt ?? '-'];
  },
  page: (api, query) => resultOf(api.GET('/v1/keys', { params: { query } })),
  remove: (api, id) => resultOf(api.DELETE('/v1/keys/{id}', byId(id))),
};

/** All pages of a list. */
export async function readAll<T>(api: ApiClient, { page }: Resource<T>): Promise<T[]> {
  const all: T[] = [];
  for (let query: Cursor = {}; ; ) {
    const { items, nextCursor } = await page(api, query);
    all.push(...items);
    if (nextCursor === null) return all;
    query = { cursor: nextCursor };
  }
}

/** All zones of an image, live or at rest. */
export async function readZones(api: ApiClient, id: string): Promise<Zone[]> {
  const zones: Zone[] = [];
  for (let from = 0; ; ) {
    const params = { path: { id }, query: { from } };
    const page = await resultOf(api.GET('/v1/images/{id}/zones', { params }));
    zones.push(...page.items);
    if (page.nextCursor === null) return zones;
    from = Number(page.nextCursor);
  }
}
