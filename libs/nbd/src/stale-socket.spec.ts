import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { NbdServer } from './server.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stale-'));
  path = join(folder, 'socket');
});
afterEach(() => rm(folder, { recursive: true }));

it('takes over the socket of a server that was killed', async () => {
  const killed = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  expect(() => execFileSync(process.execPath, ['-e', killed], { env: {} })).toThrow();
  expect(existsSync(path)).toBe(true);
  const server = new NbdServer({ onUnexpected: () => undefined });
  await expect(server.listen({ path })).resolves.toEqual({ path });
  await server.close();
});

it('leaves a socket alone that another server listens on', async () => {
  const first = new NbdServer({ onUnexpected: () => undefined });
  const second = new NbdServer({ onUnexpected: () => undefined });
  await first.listen({ path });
  await expect(second.listen({ path })).rejects.toThrow('EADDRINUSE');
  await first.close();
});

it('does not remove a file that is no socket', async () => {
  writeFileSync(path, 'precious');
  const server = new NbdServer({ onUnexpected: () => undefined });
  await expect(server.listen({ path })).rejects.toThrow('EADDRINUSE');
  expect(existsSync(path)).toBe(true);
});
