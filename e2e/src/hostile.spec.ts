/** Bad input over REST, NBD and the command line: an error that names what is wrong, and nothing changed. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Image, ZoneReport } from '@zonelab/contracts';
import { run, script, TestLab } from './lab.fixture.ts';

let lab: TestLab;
let image: Image;
let zones: ZoneReport['items'];

beforeAll(async () => {
  lab = await TestLab.start();
  image = await lab.createImage('victim');
  zones = await lab.zones(image);
});

afterAll(async () => {
  await lab?.discard();
});

const pool = () => readdirSync(join(lab.home, 'pool'));

describe('REST', () => {
  const zoned = { name: 'bad', size: '256M', zoneSize: '16M' };

  it.each([
    [{ ...zoned, size: 'x' }, 'size'],
    [{ ...zoned, size: -1 }, 'size'],
    [{ ...zoned, name: '../../etc/passwd' }, 'name'],
    [{ ...zoned, profile: 'smr' }, 'profile'],
    [{ ...zoned, zoneCapacity: '32M', profile: 'zns' }, 'zoneCapacity'],
    [{ ...zoned, conventionalZones: 17 }, 'conventionalZones'],
    [{ ...zoned, logicalBlockSize: 1024 }, 'logicalBlockSize'],
    [{ ...zoned, surprise: 1 }, 'surprise'],
  ])('answers 422 to %j and names the field', async (body, field) => {
    const { status, body: problem } = await lab.rest('POST', '/v1/images', body);
    expect([status, problem.errors?.map(({ path }) => path)]).toEqual([422, [field]]);
  });

  it.each(['{', '[]', '"x"', 'null'])('refuses the body %s', async (body) => {
    const { status } = await lab.rest('POST', '/v1/images', body);
    expect([400, 422]).toContain(status);
  });

  it.each([
    ['GET', '/v1/images/nonsense', [404]],
    ['GET', '/v1/images/01890000-0000-7000-8000-000000000000', [404]],
    ['POST', '/v1/images/IMAGE/zones/999/reset', [404, 409, 422]],
    ['POST', '/v1/images/IMAGE/zones/0/explode', [404, 422]],
    ['POST', '/v1/images/IMAGE/zones/0/close', [409]],
    ['GET', '/v1/images/IMAGE/zones?from=-1', [422]],
    ['DELETE', '/v1/exports/01890000-0000-7000-8000-000000000000', [404]],
  ])('refuses %s %s with problem details', async (method, path, statuses) => {
    const { status, body } = await lab.rest(method, path.replace('IMAGE', image.id));
    expect(statuses).toContain(status);
    expect(body).toMatchObject({ status, code: expect.stringMatching(/^[a-z_]+$/) });
  });

  it('answers 401 without a key and with a wrong one', async () => {
    const wrong = { authorization: `Bearer zl_${'x'.repeat(43)}` };
    for (const headers of [{}, wrong]) {
      const { status } = await fetch(`${lab.facts.apiUrl}/v1/images`, { headers });
      expect(status).toBe(401);
    }
  });

  it('has left no image behind, and the zones as they were', async () => {
    const { body } = await lab.rest<{ items: Image[] }>('GET', '/v1/images');
    expect(body.items.map(({ name }) => name)).toEqual(['victim']);
    expect(pool()).toEqual([image.id]);
    expect(await lab.zones(image)).toEqual(zones);
  });
});

describe('NBD', () => {
  it('outlives clients that talk nonsense, and serves the next', async () => {
    const { uri } = await lab.exportImage(image);
    for (let client = 0; client < 20; client++) {
      const socket = connect(lab.facts.nbd.port, lab.facts.nbd.host);
      socket.on('error', () => undefined); // the gateway may hang up while this is still writing
      const closed = once(socket, 'close');
      await once(socket, 'data');
      socket.end(randomBytes(1 + client * 97));
      socket.resume();
      await closed;
    }
    expect(await run('nbdinfo', '--size', uri)).toMatchObject({ exitCode: 0 });
    expect(await lab.zones(image)).toEqual(zones);
  });

  it('refuses an export that it does not have', async () => {
    const { host, port } = lab.facts.nbd;
    expect(await run('nbdinfo', `nbd://${host}:${port}/nothing`)).toMatchObject({ exitCode: 1 });
  });
});

describe('command line', () => {
  it.each([
    [['frobnicate'], 2],
    [['zones'], 2],
    [['zones', '/nonexistent'], 1],
    [['nbd', '/nonexistent'], 2],
    [['image', 'show', 'nonsense'], 1],
    [['experiment', 'create', '/nonexistent'], 1],
    [['img', 'create', '-q', 'IMAGE', '1G', '-o', 'cluster_size=3k'], 1],
    [['test', '--fast'], 2],
  ])('%j ends with one line on standard error', async (args, expected) => {
    const before = pool();
    const { exitCode, stderr, stdout } = await run(
      script,
      ...args.map((arg) => (arg === 'IMAGE' ? lab.fileOf(image) : arg)),
    );
    expect([exitCode, stdout]).toEqual([expected, '']);
    expect(stderr).toMatch(/^zonelab: [^\n]+\n$/);
    expect(pool()).toEqual(before);
  });
});
