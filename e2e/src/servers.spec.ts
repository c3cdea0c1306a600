/** A lab on servers that somebody else runs. */

import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestServers, type TestServers } from '@zonelab/testing';
import { isListening, TestLab } from './lab.fixture.ts';

let servers: TestServers;

beforeAll(async () => {
  servers = await startTestServers();
});

afterAll(() => servers?.stop());

it('uses the servers of DATABASE_URL and REDIS_URL, starts none, and leaves them running', async () => {
  const databaseUrl = await servers.createDatabase();
  const redisUrl = servers.createRedis();
  const environment = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl };
  let lab = await TestLab.start(undefined, environment);
  try {
    expect(lab.facts).toMatchObject({ databaseUrl, redisUrl });
    expect(Object.keys(lab.facts.pids).sort()).toEqual([
      'device-gateway',
      'image-api',
      'lab',
      'worker',
    ]);
    expect(readdirSync(lab.home)).not.toContain('postgres');
    expect(readdirSync(lab.home)).not.toContain('redis');
    const image = await lab.createImage('elsewhere');
    await lab.exportImage(image); // through Redis to the gateway
    await lab.stop();
    for (const url of [databaseUrl, redisUrl]) {
      expect(await isListening(Number(new URL(url).port))).toBe(true);
    }
    lab = await TestLab.start(lab.home, environment);
    expect(await lab.rest('GET', `/v1/images/${image.id}`)).toMatchObject({ status: 200 });
  } finally {
    await lab.discard();
  }
});
