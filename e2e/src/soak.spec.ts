/**
 * Many clients on many disks for a while, some of them killed, and the gateway too: nothing that was flushed is lost,
 * nothing is read that was not written, memory stays bounded. ZONELAB_LONG=1 goes on for half an hour, or for
 * ZONELAB_SOAK_SECONDS.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { NbdClient } from '@zonelab/nbd';
import { GatewayProcess } from './gateway-process.fixture.ts';
import { run } from './lab.fixture.ts';
import { AppendingClient, RandomClient, type Stage } from './soak-clients.fixture.ts';

const MIB = 1 << 20;
const ZONE = 4 * MIB;
const SHAPE = { size: 4 * ZONE, zoneSize: ZONE, conventionalZones: 2 };
const DISKS = 64;
/** What as many exports may take that nobody uses, with Node and all of the gateway. */
const MOST_IDLE_BYTES = 300 * 1000 ** 2;
const isLong = process.env.ZONELAB_LONG === '1';
const seconds = Number(process.env.ZONELAB_SOAK_SECONDS ?? (isLong ? 1800 : 6));
/** The gateway is killed, or told to end, once in so much time of load. */
const ROUND_SECONDS = Math.min(60, seconds / 2);
/** What 128 connections with all their requests may take, with Node itself. */
const MOST_BYTES = 512 * MIB;

let gateway: GatewayProcess;

beforeEach(async () => {
  gateway = await GatewayProcess.prepare();
}, 300_000);

afterEach(() => gateway?.discard());

/** Mulberry32, from its public description. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A client that others wrote, killed while it writes where nobody else does. */
async function killedFio(uri: string): Promise<void> {
  const place = [`--offset=${ZONE}`, `--size=${ZONE}`, '--rw=randwrite', '--bs=16k'];
  const job = ['--name=j', '--ioengine=nbd', `--uri=${uri}`, '--iodepth=16', '--time_based'];
  const fio = spawn('fio', [...job, ...place, '--runtime=60'], { stdio: 'ignore' });
  await delay(1_000);
  fio.kill('SIGKILL');
  await once(fio, 'exit');
}

/** What qemu-img finds wrong; a kill between two phases of a flush may leave leaked clusters (docs/format.md). */
async function damage(file: string): Promise<number> {
  const { stdout } = await run('qemu-img', 'check', '--output', 'json', file);
  const { corruptions = 0, 'check-errors': errors } = JSON.parse(stdout);
  return corruptions + errors;
}

it(
  `serves ${DISKS} disks over ${2 * DISKS} connections for ${seconds} s while clients and gateway are killed`,
  async () => {
    const seed = Number(process.env.ZONELAB_SEED ?? (isLong ? Date.now() % 1_000_000 : 1));
    const random = randomFrom(seed);
    const names = Array.from({ length: DISKS }, (_, index) => `disk-${index}`);
    const files: string[] = [];
    for (const name of names) files.push(await gateway.addDisk(name, SHAPE));

    let served: Promise<void> = gateway.start();
    let over = false;
    const stage: Stage = { random, served: () => served, over: () => over };
    const clients = names.flatMap((name, index) => {
      const uri = gateway.uri(name);
      const conventional = { uri, start: 0, size: MIB, salt: 2 * index };
      const sequential = { uri, start: 2 * ZONE, size: ZONE, salt: 2 * index + 1 };
      return [new RandomClient(conventional, stage), new AppendingClient(sequential, stage)];
    });
    const lives = clients.map((client) => client.live());
    const ended = Promise.all(lives);
    const most: number[] = [];
    const loadFor = async (lengthMs: number) => {
      await Promise.race([served, ended]);
      const until = performance.now() + lengthMs;
      while (performance.now() < until) {
        clients[Math.floor(random() * clients.length)]?.kill();
        const pick = names[Math.floor(random() * DISKS)] as string;
        if (random() < 0.1) await killedFio(gateway.uri(pick));
        // fails at once where a client has found something wrong
        await Promise.race([delay(100), ended]);
      }
      most.push(gateway.memory().most);
    };

    try {
      const rounds = Math.round(seconds / ROUND_SECONDS);
      for (let round = 0; round < rounds; round += 1) {
        await loadFor((seconds * 1000) / rounds);
        if (round === rounds - 1) break;
        const signal = round % 2 === 0 ? 'SIGKILL' : 'SIGTERM';
        served = gateway.end(signal).then(() => gateway.start());
        await Promise.race([served, ended]);
      }
      over = true;
      await ended;
    } catch (error) {
      over = true;
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
    const requests = clients.reduce((sum, client) => sum + client.requests, 0);
    const sessions = clients.reduce((sum, client) => sum + client.sessions, 0);
    console.log(
      `soak, seed ${seed}: ${requests} requests, ${sessions} sessions, ${Math.max(...most) >> 20} MiB`,
    );
    expect(clients.every((client) => client.sessions > 1)).toBe(true);
    expect(Math.max(...most)).toBeLessThan(MOST_BYTES);

    expect(await gateway.end('SIGTERM')).toBe(0);
    expect(await Promise.all(files.map(damage))).toEqual(files.map(() => 0));
  },
  (seconds + 240 + 30 * (seconds / ROUND_SECONDS)) * 1000,
);

const idle = isLong ? [500] : [];
for (const count of idle)
  it(`keeps ${count} exports that nobody uses in ${MOST_IDLE_BYTES / 1000 ** 2} MB`, async () => {
    for (let index = 0; index < count; index += 1) await gateway.addDisk(`idle-${index}`, SHAPE);
    await gateway.start();
    const { now } = gateway.memory();
    console.log(`${count} idle exports: ${Math.round(now / 1000 ** 2)} MB`);
    expect(now).toBeLessThan(MOST_IDLE_BYTES);
    const client = await NbdClient.connect(gateway.uri(`idle-${count - 1}`));
    await client.disconnect();
  }, 600_000);
