import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startApi, type TestApi } from '../api.fixture.ts';

let api: TestApi;
let url: string;
beforeAll(async () => {
  api = await startApi();
  await api.app.listen(0, '127.0.0.1');
  url = await api.app.getUrl();
});
afterAll(() => api?.stop());

interface Told {
  id: string;
  event: string;
  data: string;
}

/** A client of the stream: `next` gives one event after the other. */
async function listen(query = '', lastEventId?: string) {
  const headers = {
    authorization: `Bearer ${api.adminKey}`,
    ...(lastEventId && { 'last-event-id': lastEventId }),
  };
  const stop = new AbortController();
  const answer = await fetch(`${url}/v1/events${query}`, { headers, signal: stop.signal });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<Told> => {
    for (;;) {
      const [block, ...rest] = text.split('\n\n');
      if (block !== undefined && rest.length > 0) {
        text = rest.join('\n\n');
        const fields = block.split('\n').map((line) => line.split(/: (.*)/));
        if (fields.some(([name]) => name === 'data')) return Object.fromEntries(fields);
      } else text += (await reader?.read())?.value ?? '';
    }
  };
  return { status: answer.status, type: answer.headers.get('content-type'), next, stop };
}

const makeImage = (name: string) => api.request('POST', '/v1/images', { name, size: '16M' });

it('tells of images as they come and go, and goes on where a client was', async () => {
  const first = await listen('?resource=image');
  expect(first.type).toContain('text/event-stream');
  const { id } = (await makeImage('watched')).body;
  const ready = await first.next();
  expect(ready.event).toBe('image.ready');
  expect(JSON.parse(ready.data)).toMatchObject({ resourceId: id, data: { name: 'watched' } });
  first.stop.abort();
  await api.request('DELETE', `/v1/images/${id}`);
  const second = await listen('?resource=image', ready.id);
  expect(JSON.parse((await second.next()).data)).toMatchObject({
    type: 'image.deleted',
    resourceId: id,
  });
  second.stop.abort();
});

it('refuses a last id that is none', async () => {
  const answer = await fetch(`${url}/v1/events`, {
    headers: { authorization: `Bearer ${api.adminKey}`, 'last-event-id': 'yesterday' },
  });
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({ errors: [{ path: 'Last-Event-ID' }] });
});
