/** `zonelab demo`, whole and interrupted. */

import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { waitUntil } from '@zonelab/testing';
import {
  finish,
  isAlive,
  isListening,
  type LabFacts,
  run,
  scratchFolder,
  script,
} from './lab.fixture.ts';

/** The first start after a change builds. */
const LAB_START_TIMEOUT_MS = 90_000;

let home: string;

beforeEach(() => {
  home = scratchFolder();
});

afterEach(() => {
  rmSync(home, { recursive: true });
});

function readFacts(): LabFacts | undefined {
  try {
    return JSON.parse(readFileSync(join(home, 'demo/lab.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

async function expectNothingLeft({ pids, apiUrl, nbd }: LabFacts): Promise<void> {
  await waitUntil('every process ended', () => !Object.values(pids).some(isAlive));
  const ports = [Number(new URL(apiUrl).port), nbd.port];
  expect(await Promise.all(ports.map(isListening))).toEqual([false, false]);
}

it('verifies every step, shows zones and report, and leaves nothing running', async () => {
  const child = spawn(script, ['demo', '--dir', home], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = finish(child);
  const facts = await waitUntil('a lab', readFacts, LAB_START_TIMEOUT_MS);
  const { exitCode, stdout } = await ended;
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Every step was verified.');
  expect(stdout).toMatch(/0 {2}c#c\.{13}\n/);
  expect(stdout).toContain('demo: completed');
  await expectNothingLeft(facts);
  const image = /zones --map (\S+)/.exec(stdout)?.[1] ?? '';
  expect(await run('qemu-img', 'check', image)).toMatchObject({ exitCode: 0 });
});

it.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing running after %s', async (signal) => {
  const child = spawn(script, ['demo', '--dir', home], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = finish(child);
  const facts = await waitUntil('a lab', readFacts, LAB_START_TIMEOUT_MS);
  child.kill(signal);
  const { exitCode } = await ended;
  expect(exitCode).toBe(1);
  await expectNothingLeft(facts);
});
