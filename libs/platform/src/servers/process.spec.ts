import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { PORT_ATTEMPTS } from '../limits.ts';
import {
  keptPassword,
  onFreePort,
  PortTaken,
  type StartedProcess,
  startProcess,
} from './process.ts';

let started: StartedProcess | undefined;
afterEach(async () => {
  await started?.stop();
  started = undefined;
});

function nodeServer(script: string, timeoutMs = 10_000) {
  return startProcess({
    program: process.execPath,
    args: ['-e', script],
    ready: 'ready',
    portTaken: /EADDRINUSE/,
    timeoutMs,
    stopSignal: 'SIGTERM',
  });
}

it('waits until a server says that it is ready, and stops it', async () => {
  started = await nodeServer(
    'setTimeout(() => console.log("ready"), 20); setInterval(() => {}, 1000)',
  );
  await started.stop();
  await started.exited;
  expect(started.child.signalCode).toBe('SIGTERM');
});

it('shows the log of a server that ends at start', async () => {
  await expect(nodeServer('console.error("no such disk"); process.exit(3)')).rejects.toMatchObject({
    code: 'server_start_failed',
    message: expect.stringContaining('no such disk'),
  });
});

it('shows the log of a server that is not ready in time', async () => {
  const hang = 'console.error("thinking"); setInterval(() => {}, 1000)';
  await expect(nodeServer(hang, 500)).rejects.toMatchObject({
    code: 'server_start_failed',
    message: expect.stringMatching(/not ready after 500 ms.*\nthinking/s),
  });
});

it('tries another port whenever one is taken, up to a bound', async () => {
  const ports: number[] = [];
  const start = onFreePort(async (port) => {
    ports.push(port);
    throw new PortTaken('bind: Address already in use');
  });
  await expect(start).rejects.toMatchObject({ code: 'server_start_failed' });
  expect(ports).toHaveLength(PORT_ATTEMPTS);
});

it('makes up a password once, for its owner only', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'zonelab-')), 'password');
  const password = await keptPassword(file);
  expect(await keptPassword(file)).toBe(password);
  expect(password).toHaveLength(32);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});
