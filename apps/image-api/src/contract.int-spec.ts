/** Every route of the document, whoever asks: what it answers is held against the document. */

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { generateKey } from '@zonelab/catalog';
import { type Method, startApi, type TestApi } from './api.fixture.ts';
import { type Contract, readContract } from './contract.fixture.ts';

let api: TestApi;
let contract: Contract;
beforeAll(async () => {
  [api, contract] = await Promise.all([startApi(), readContract()]);
});
afterAll(() => api?.stop());

const MISSING = '00000000-0000-7000-8000-000000000000';
const VALUES: Readonly<Record<string, string>> = { index: '0', action: 'open', disk: '0' };
const PUBLIC = /^\/(healthz|readyz)$/;
/** Streams have no end. */
const STREAM = /\/events$/;

async function ask(method: Method, url: string, body?: unknown, key?: string | null) {
  const answer = await api.request(method, url, body, key);
  contract.check(method, url, answer.status, answer.type, answer.body);
  return answer;
}

/** Every route with something in the place of its parameters. */
function routes(): { method: Method; url: string; path: string }[] {
  return contract.routes.map(({ method, path }) => {
    const url = path.replace(/\{(\w+)\}/g, (_, name: string) => VALUES[name] ?? MISSING);
    return { method: method as Method, url, path };
  });
}

it('lets nobody in without a key, or with one that is none', async () => {
  const closed = routes().filter(({ path }) => !PUBLIC.test(path));
  expect(closed.length).toBeGreaterThan(50);
  const let_in = [];
  for (const { method, url } of closed)
    for (const [n, key] of [null, generateKey(), 'zl_', "' OR 1=1 --"].entries()) {
      const { status, body } = await ask(method, url, undefined, key);
      // 429: so many wrong keys in a row are no longer looked at
      if (!(status === 401 || status === 429) || !body.code)
        let_in.push({ method, url, n, status });
    }
  expect(let_in).toEqual([]);
});

it('lets a viewer change nothing, and an operator keep no keys', async () => {
  const [viewer, operator] = [generateKey(), generateKey()];
  await api.catalog.keys.ensure(viewer, 'onlooker', 'viewer');
  await api.catalog.keys.ensure(operator, 'hand', 'operator');
  const allowed = [];
  for (const { method, url, path } of routes()) {
    if (PUBLIC.test(path) || STREAM.test(path)) continue;
    const asViewer = await ask(method, url, undefined, viewer);
    if (method !== 'GET' && asViewer.status !== 403) allowed.push({ method, path, role: 'viewer' });
    if (!/^\/v1\/(keys|audit)/.test(path)) continue;
    const asOperator = await ask(method, url, undefined, operator);
    if (asOperator.status !== 403) allowed.push({ method, path, role: 'operator' });
  }
  expect(allowed).toEqual([]);
});

it('answers a problem of the documented form where there is nothing of the id, or no body', async () => {
  const wrong = [];
  for (const { method, url, path } of routes()) {
    if (STREAM.test(path)) continue;
    const { status } = await ask(method, url);
    if (status >= 500) wrong.push({ method, path, status });
    if (path.includes('{id}') && status < 400 && method !== 'DELETE')
      wrong.push({ method, path, status });
  }
  expect(wrong).toEqual([]);
});
