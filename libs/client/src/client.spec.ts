import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { type ApiClient, createApiClient, resultOf } from './client.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A client of a server that gives every request this answer, and the requests that came. */
async function clientOf(status: number, body: string) {
  const requests: IncomingMessage[] = [];
  server = createServer((request, response) => {
    requests.push(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client: ApiClient = createApiClient({ url: `http://127.0.0.1:${port}`, token: 'zl_key' });
  return { client, requests, port };
}

const ID = '01890000-0000-7000-8000-000000000000';

it('sends key, path and query, and answers the result', async () => {
  const { client, requests } = await clientOf(200, '{"items":[],"nextCursor":null}');
  const params = { path: { id: ID }, query: { state: 'full' } } as const;
  const report = await resultOf(client.GET('/v1/images/{id}/zones', { params }));
  expect(report).toEqual({ items: [], nextCursor: null });
  expect(requests[0]?.url).toBe(`/v1/images/${ID}/zones?state=full`);
  expect(requests[0]?.headers.authorization).toBe('Bearer zl_key');
});

it('throws problem details as an error with their code', async () => {
  const problem = { status: 409, code: 'zone_full', detail: 'zone 3: full', title: 'Conflict' };
  const { client } = await clientOf(409, JSON.stringify(problem));
  const params = { path: { id: ID, index: 3, action: 'open' } } as const;
  await expect(
    client.POST('/v1/images/{id}/zones/{index}/{action}', { params }),
  ).rejects.toMatchObject({ name: 'ApiError', code: 'zone_full', status: 409, problem });
});

it('says which fields were refused', async () => {
  const errors = [{ path: 'size', given: '1Q', allowed: 'bytes' }];
  const { client } = await clientOf(422, JSON.stringify({ code: 'invalid_request', errors }));
  const body = { name: 'a', size: '1Q' };
  await expect(client.POST('/v1/images', { body })).rejects.toThrow(
    'size: got "1Q", allowed is bytes',
  );
});

it('says that an answer is not one of the API', async () => {
  const { client } = await clientOf(502, '<html>bad gateway</html>');
  await expect(client.GET('/v1/images')).rejects.toMatchObject({ code: 'not_an_api', status: 502 });
});

it('says that nobody answers', async () => {
  const { client, port } = await clientOf(200, '');
  server?.close();
  await expect(client.GET('/v1/images')).rejects.toMatchObject({
    code: 'unreachable',
    message: `http://127.0.0.1:${port}: no answer`,
  });
});
