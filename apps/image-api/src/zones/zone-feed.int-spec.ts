import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startApi, startGateway, type TestApi } from '../api.fixture.ts';

let api: TestApi;
let url: string;
let gateway: Awaited<ReturnType<typeof startGateway>>;
beforeAll(async () => {
  api = await startApi();
  gateway = await startGateway(api, 'feed-gateway');
  await api.app.listen(0, '127.0.0.1');
  url = await api.app.getUrl();
});
afterAll(async () => {
  await gateway?.stop();
  await api?.stop();
});

async function create(name: string): Promise<string> {
  const zoned = { size: '64M', zoneSize: '4M', profile: 'zns' };
  return (await api.request('POST', '/v1/images', { name, ...zoned })).body.id;
}

/** A client of the stream: `next` gives one event after the other, heartbeats left out. */
async function follow(id: string) {
  const stop = new AbortController();
  const headers = { authorization: `Bearer ${api.adminKey}` };
  const answer = await fetch(`${url}/v1/images/${id}/zones/events`, {
    headers,
    signal: stop.signal,
  });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<{ type: string; zones: [number, string][] }> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end < 0) {
        text += (await reader?.read())?.value ?? '';
        continue;
      }
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const type = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (type === undefined || data === undefined || type === 'heartbeat') continue;
      const items: { index: number; condition: string }[] = JSON.parse(data).items ?? [];
      return { type, zones: items.map(({ index, condition }) => [index, condition]) };
    }
  };
  return { status: answer.status, next, stop };
}

it.each([
  ['resting', async () => undefined],
  ['exported', (imageId: string) => api.request('POST', '/v1/exports', { imageId })],
])('tells which zones of an image that is %s have changed', async (kind, prepare) => {
  const id = await create(kind);
  await prepare(id);
  const stream = await follow(id);
  expect(await stream.next()).toEqual({ type: 'reset', zones: [] });
  await api.request('POST', `/v1/images/${id}/zones/3/finish`);
  expect(await stream.next()).toEqual({ type: 'zones', zones: [[3, 'full']] });
  await api.request('POST', `/v1/images/${id}/zones/3/reset`);
  expect(await stream.next()).toEqual({ type: 'zones', zones: [[3, 'empty']] });
  stream.stop.abort();
});

it('begins anew when the image is exported, and goes on from there', async () => {
  const id = await create('moved');
  const stream = await follow(id);
  await stream.next();
  await api.request('POST', '/v1/exports', { imageId: id });
  expect(await stream.next()).toEqual({ type: 'reset', zones: [] });
  await api.request('POST', `/v1/images/${id}/zones/5/open`);
  expect(await stream.next()).toEqual({ type: 'zones', zones: [[5, 'explicit-open']] });
  stream.stop.abort();
});

it('has nothing to tell of an image that is not there', async () => {
  const { status, stop } = await follow('01900000-0000-7000-8000-000000000000');
  expect(status).toBe(404);
  stop.abort();
});
