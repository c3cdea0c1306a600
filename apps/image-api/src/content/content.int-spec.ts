import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { compress, init } from '@bokuweb/zstd-wasm';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { imagePath } from '@zonelab/platform';
import { ZonedDevice } from '@zonelab/qcow2-zoned';
import { waitUntil } from '@zonelab/testing';
import { startApi, type TestApi } from '../api.fixture.ts';

const MIB = 1024 ** 2;

let api: TestApi;
let url: string;
let folder: string;
beforeAll(async () => {
  api = await startApi(undefined, { downloadWatchMs: 50 });
  await api.app.listen(0, '127.0.0.1');
  url = `${await api.app.getUrl()}/v1/images`;
  await init();
  folder = mkdtempSync(join(tmpdir(), 'zonelab-content-'));
});
afterAll(async () => {
  await api?.stop();
  rmSync(folder, { recursive: true });
});

const key = () => ({ authorization: `Bearer ${api.adminKey}` });

async function upload(query: string, body: Buffer | ReadableStream, headers = {}) {
  const answer = await fetch(`${url}/import?${query}`, {
    method: 'POST',
    headers: { ...key(), 'content-type': 'application/octet-stream', ...headers },
    body,
    ...(body instanceof ReadableStream && { duplex: 'half' }),
  } as RequestInit);
  // biome-ignore lint/suspicious/noExplicitAny: a JSON body; each test knows which
  return { status: answer.status, body: (await answer.json()) as any };
}

async function download(id: string, query = '', headers = {}) {
  const answer = await fetch(`${url}/${id}/content${query}`, { headers: { ...key(), ...headers } });
  return { answer, bytes: Buffer.from(await answer.arrayBuffer()) };
}

function qemuImage(name: string, ...options: string[]): Buffer {
  const path = join(folder, name);
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...options, path, '8M']);
  execFileSync('qemu-io', ['-c', 'write -q -P 7 1M 64k', path]);
  return readFileSync(path);
}

/** One frame, by the reference implementation. */
function zstdFrame(bytes: Buffer): Buffer {
  return Buffer.from(compress(bytes));
}

const leftInPool = () => readdirSync(api.pool.path).filter((entry) => entry.startsWith('.'));

it('gives a zoned image out and takes it in again, with its zones', async () => {
  const disk = { name: 'out', size: '16M', zoneSize: '4M', profile: 'zns', maxOpenZones: 2 };
  const { id } = (await api.request('POST', '/v1/images', disk)).body;
  const device = await ZonedDevice.open(imagePath([api.pool], 'pool', id));
  await device.write(0, Buffer.alloc(64 * 1024, 5));
  await device.close();
  const { answer, bytes } = await download(id);
  expect(answer.headers.get('content-disposition')).toBe('attachment; filename="out.qcow2"');
  const taken = await upload('name=in&label=from%3Dout', bytes);
  expect(taken).toMatchObject({
    status: 201,
    body: { name: 'in', status: 'ready', zoneCount: 4, maxOpenZones: 2, labels: { from: 'out' } },
  });
  const zones = await api.request('GET', `/v1/images/${taken.body.id}/zones`);
  expect(zones.body.items[0]).toMatchObject({ condition: 'closed', writePointer: 64 * 1024 });
});

it('gives the bytes of the disk as raw, whole and in ranges', async () => {
  const { id } = (await upload('name=plain', qemuImage('plain.qcow2'))).body;
  const whole = await download(id, '?format=raw');
  expect(whole.bytes.length).toBe(8 * MIB);
  expect(whole.bytes.subarray(MIB, MIB + 65_536).every((byte) => byte === 7)).toBe(true);
  const part = await download(id, '?format=raw', { range: `bytes=${MIB - 3}-${MIB + 4}` });
  expect(part.answer.status).toBe(206);
  expect(part.answer.headers.get('content-range')).toBe(`bytes ${MIB - 3}-${MIB + 4}/${8 * MIB}`);
  expect([...part.bytes]).toEqual([0, 0, 0, 7, 7, 7, 7, 7]);
  const past = await download(id, '?format=raw', { range: `bytes=${8 * MIB}-` });
  expect(past.answer.status).toBe(416);
});

it('takes a raw disk, also compressed, and stores no zeroes', async () => {
  const disk = Buffer.alloc(4 * MIB);
  disk.fill(9, MIB, MIB + 4096);
  const plain = await upload('name=raw&format=raw', disk);
  const packed = await upload(`name=packed&format=raw&size=${disk.length}`, gzipSync(disk), {
    'content-encoding': 'gzip',
  });
  const zstd = { 'content-encoding': 'zstd' };
  const size = `size=${disk.length}`;
  const dense = await upload(`name=dense&format=raw&${size}`, zstdFrame(disk), zstd);
  const halves = [disk.subarray(0, 2 * MIB), disk.subarray(2 * MIB)].map(zstdFrame);
  const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const frames = Buffer.concat([skippable, ...halves]);
  const several = await upload(`name=several&format=raw&${size}`, frames, zstd);
  for (const { status, body } of [plain, packed, dense, several]) {
    expect({ status, size: body.size }).toEqual({ status: 201, size: disk.length });
    expect((await download(body.id, '?format=raw')).bytes.equals(disk)).toBe(true);
    expect((await download(body.id)).bytes.length).toBeLessThan(MIB);
  }
});

/** A window of this size, as a frame may ask for, in a frame of one empty block. */
function zstdOfWindow(exponent: number): Buffer {
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (exponent - 10) << 3, 1, 0, 0]);
}

/** Blocks that say: so many bytes of zero. */
function zstdBomb(blocks: number): Buffer {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (20 - 10) << 3]);
  const size = 128 * 1024;
  const block = Buffer.alloc(4);
  block.writeUIntLE((size << 3) | (1 << 1), 0, 3);
  return Buffer.concat([head, ...Array.from({ length: blocks }, () => block)]);
}

const ZSTD = { 'content-encoding': 'zstd' };

it.each([
  ['a body that is no zstd', () => Buffer.alloc(64, 1), 400],
  ['one that is cut off', () => zstdFrame(Buffer.alloc(MIB, 3)).subarray(0, 20), 400],
  ['one that asks for too much memory', () => zstdOfWindow(27), 422],
  ['one that grows beyond its size', () => zstdBomb(100_000), 422],
])('refuses as zstd %s', async (_, body, status) => {
  expect((await upload('name=x&format=raw&size=1M', body(), ZSTD)).status).toBe(status);
  expect(leftInPool()).toEqual([]);
});

it('ends a download that nobody takes, so that the image can be written', async () => {
  const disk = { name: 'stalled', size: '64M', zoneSize: '4M' };
  const { id } = (await api.request('POST', '/v1/images', disk)).body;
  const address = new URL(url);
  const socket = connect(Number(address.port), address.hostname).on('error', () => undefined);
  socket.write(
    `GET ${address.pathname}/${id}/content?format=raw HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.adminKey}\r\n\r\n`,
  );
  await once(socket, 'readable'); // the answer has begun, and is left where it is
  const opened = await waitUntil('the image can be written', async () => {
    const answer = await api.request('POST', `/v1/images/${id}/zones/0/open`);
    return answer.status === 200 && answer;
  });
  expect(opened.body).toMatchObject({ condition: 'explicit-open' });
  socket.destroy();
});

it.each([
  ['one that names a backing file', () => qemuImage('o', '-b', '/etc/passwd', '-F', 'raw', '-u')],
  ['one that names a data file', () => qemuImage('d', '-o', `data_file=${join(folder, 'd.raw')}`)],
  ['what is no qcow2 file', () => Buffer.alloc(4096, 1)],
  [
    'a damaged one',
    () => {
      const bytes = qemuImage('damaged.qcow2');
      bytes.writeBigUInt64BE(0xffff_ffff_ffff_fe00n, 3 * 65_536);
      return bytes;
    },
  ],
])('refuses %s, and leaves nothing of it', async (_, make) => {
  const before = readdirSync(api.pool.path);
  const answer = await upload('name=hostile', make());
  expect(answer.status).toBe(422);
  expect(readdirSync(api.pool.path)).toEqual(before);
});

it.each([
  ['a raw body longer than it says', 'name=x&format=raw&size=1M', Buffer.alloc(2 * MIB), {}, 422],
  ['a raw body shorter than it says', 'name=x&format=raw&size=1M', Buffer.alloc(4096), {}, 422],
  [
    'a compressed raw body of unknown size',
    'name=x&format=raw',
    gzipSync('x'),
    { 'content-encoding': 'gzip' },
    422,
  ],
  ['a body that is no gzip', 'name=x', Buffer.alloc(64, 1), { 'content-encoding': 'gzip' }, 400],
  [
    'an encoding that we do not know',
    'name=x',
    Buffer.alloc(64, 1),
    { 'content-encoding': 'br' },
    422,
  ],
  ['another format', 'name=x&format=vmdk', Buffer.alloc(64, 1), {}, 422],
])('refuses %s', async (_, query, body, headers, status) => {
  expect((await upload(query, body, headers)).status).toBe(status);
  expect(leftInPool()).toEqual([]);
});

it('leaves nothing of an upload that breaks off', async () => {
  const stop = new AbortController();
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(MIB)),
  });
  const broken = fetch(`${url}/import?name=broken&format=raw&size=8M`, {
    method: 'POST',
    headers: { ...key(), 'content-type': 'application/octet-stream' },
    body,
    duplex: 'half',
    signal: stop.signal,
  } as RequestInit).catch(() => undefined);
  await waitUntil('it began', () => leftInPool().length > 0);
  stop.abort();
  await broken;
  await waitUntil('it is gone', () => leftInPool().length === 0);
});

it('refuses content of an image that is not there', async () => {
  const { answer } = await download('00000000-0000-7000-8000-000000000000');
  expect(answer.status).toBe(404);
});
