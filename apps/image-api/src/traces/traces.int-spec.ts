import { createHash } from 'node:crypto';
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { waitUntil } from '@zonelab/testing';
import { startApi, type TestApi } from '../api.fixture.ts';
import { Reconcile } from '../reconcile/reconcile.ts';

const LINES = '1,W,0,65536,10\n1,R,4096,4096,20\n';

let api: TestApi;
let url: string;
beforeAll(async () => {
  api = await startApi();
  await api.app.listen(0, '127.0.0.1');
  url = `${await api.app.getUrl()}/v1/traces`;
});
afterAll(() => api?.stop());

async function upload(query: string, body: string | Buffer | ReadableStream, headers = {}) {
  const answer = await fetch(`${url}?${query}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${api.adminKey}`,
      'content-type': 'application/octet-stream',
      ...headers,
    },
    body,
    ...(body instanceof ReadableStream && { duplex: 'half' }),
  } as RequestInit);
  // biome-ignore lint/suspicious/noExplicitAny: a JSON body; each test knows which
  return { status: answer.status, body: (await answer.json()) as any };
}

const folder = () => join(api.pool.path, 'traces');
const kept = () => (existsSync(folder()) ? readdirSync(folder()) : []);
const playing = (name: string, fields: object = {}) => ({
  device: { preset: 'ideal' },
  workload: { phases: [{ kind: 'trace', format: 'alibaba', trace: name, ...fields }] },
});

it('keeps a trace as it came, and tells its hash', async () => {
  const file = gzipSync(LINES);
  const sha256 = createHash('sha256').update(file).digest('hex');
  const stream = new ReadableStream({
    start: (controller) => {
      for (let at = 0; at < file.length; at += 10) controller.enqueue(file.subarray(at, at + 10));
      controller.close();
    },
  });
  const { status, body } = await upload('name=packed&format=alibaba', stream);
  const facts = { name: 'packed', format: 'alibaba', size: file.length, sha256 };
  expect({ status, body }).toMatchObject({ status: 201, body: facts });
  expect((await api.request('GET', '/v1/traces?name=packed')).body.items).toEqual([body]);
  expect((await api.request('GET', `/v1/traces/${body.id}`)).body).toEqual(body);
});

it('gives the experiments that play a trace its hash', async () => {
  const { sha256 } = (await upload('name=played&format=alibaba', LINES)).body;
  const { status, body } = await api.request('POST', '/v1/experiments', playing('played'));
  expect(status).toBe(202);
  expect(body.definition.workload.phases[0]).toMatchObject({ trace: 'played', sha256 });
  const sweep = { base: playing('played'), vary: { seed: [1, 2] } };
  const { id } = (await api.request('POST', '/v1/sweeps', sweep)).body;
  const runs = (await api.request('GET', `/v1/experiments?sweepId=${id}`)).body.items;
  expect(runs[1].definition.workload.phases[0].sha256).toBe(sha256);
});

it.each([
  ['that is not kept', playing('nowhere'), 'trace'],
  ['of another format', playing('kept', { format: 'msr' }), 'format'],
  ['of another hash', playing('kept', { sha256: '0'.repeat(64) }), 'sha256'],
])('refuses an experiment with a trace %s', async (_, definition, field) => {
  await upload('name=kept&format=alibaba', LINES);
  const answer = await api.request('POST', '/v1/experiments', definition);
  const path = `workload.phases.0.${field}`;
  expect(answer).toMatchObject({ status: 422, body: { errors: [{ path }] } });
});

it('deletes a trace once no experiment needs it any more', async () => {
  const { id } = (await upload('name=needed&format=alibaba', LINES)).body;
  const before = kept().length;
  const experiment = (await api.request('POST', '/v1/experiments', playing('needed'))).body;
  expect(await api.request('DELETE', `/v1/traces/${id}`)).toMatchObject({
    status: 409,
    body: { code: 'state_conflict', detail: expect.stringContaining(experiment.id) },
  });
  await api.request('DELETE', `/v1/experiments/${experiment.id}`);
  expect((await api.request('DELETE', `/v1/traces/${id}`)).status).toBe(204);
  expect((await api.request('GET', `/v1/traces/${id}`)).status).toBe(404);
  expect(kept()).toHaveLength(before - 1);
});

it.each([
  ['of another format', 'name=x&format=msr', LINES, {}, 422, 'x, line 1: columns'],
  ['that is damaged', 'name=x&format=alibaba', gzipSync(LINES).subarray(0, 30), {}, 422, 'read'],
  ['without a request', 'name=x&format=alibaba', '\n', {}, 422, 'holds no request'],
  ['of an unknown format', 'name=x&format=pcap', LINES, {}, 422, 'format'],
  ['without a name', 'format=msr', LINES, {}, 422, 'name'],
  [
    'with an encoding',
    'name=x&format=msr',
    LINES,
    { 'content-encoding': 'gzip' },
    422,
    'Content-Encoding',
  ],
])('refuses a trace %s, and keeps nothing of it', async (_, query, body, headers, status, why) => {
  const before = [kept(), readdirSync(api.pool.path)];
  const answer = await upload(query, body, headers);
  expect([answer.status, answer.body.detail]).toEqual([status, expect.stringContaining(why)]);
  expect([kept(), readdirSync(api.pool.path)]).toEqual(before);
});

it('refuses a name that another trace has', async () => {
  await upload('name=taken&format=alibaba', LINES);
  const again = await upload('name=taken&format=alibaba', LINES);
  expect(again).toMatchObject({ status: 409, body: { code: 'name_taken' } });
});

it('keeps nothing of an upload that breaks off', async () => {
  const leftovers = () => readdirSync(api.pool.path).filter((entry) => entry.startsWith('.'));
  const stop = new AbortController();
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.from(LINES)),
  });
  const broken = fetch(`${url}?name=broken&format=alibaba`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${api.adminKey}`,
      'content-type': 'application/octet-stream',
    },
    body,
    duplex: 'half',
    signal: stop.signal,
  } as RequestInit).catch(() => undefined);
  await waitUntil('it began', () => leftovers().length > 0);
  stop.abort();
  await broken;
  await waitUntil('it is gone', () => leftovers().length === 0);
});

it('removes files that no trace needs, once they are old', async () => {
  await upload('name=stays&format=alibaba', LINES);
  const before = kept();
  const [old, young] = ['old', 'young'].map((name) => join(folder(), name)) as [string, string];
  for (const file of [old, young]) writeFileSync(file, '');
  utimesSync(old, 1, 1);
  await api.app.get(Reconcile).reconcileImages(new Date());
  expect(kept()).toEqual([...before, 'young'].sort());
});
