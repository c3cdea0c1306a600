import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NbdClient } from '@zonelab/nbd';
import { createImage } from '@zonelab/qcow2-zoned';
import { runProgram } from '../program.ts';
import { runCli } from '../run-cli.fixture.ts';

const MIB = 1024 ** 2;

let folder: string;
let image: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serve-'));
  image = join(folder, 'disk.qcow2');
  await createImage(image, { size: 16 * MIB, zoned: { zoneSize: 4 * MIB } });
});

afterEach(() => rm(folder, { recursive: true }));

/** Runs `zonelab nbd` in this process for as long as `use` takes; answers the exit code. */
async function serving(
  args: string[],
  use: (uri: string) => Promise<void>,
  warn: (text: string) => void = () => undefined,
): Promise<number> {
  let ready: (uri: string) => void = () => undefined;
  const uri = new Promise<string>((resolve) => {
    ready = resolve;
  });
  const out = { isTerminal: false, columns: 80, warn };
  const write = (text: string) => ready(text.trim());
  const ended = runProgram(['nbd', image, ...args], { ...out, write });
  try {
    await Promise.race([uri.then(use), ended]);
  } finally {
    process.emit('SIGTERM');
  }
  return ended;
}

/** A key and a certificate of itself, for `localhost` and as its own authority. */
async function makeTlsDirectory(): Promise<string> {
  const directory = join(folder, 'tls');
  await mkdir(directory);
  const at = (name: string) => join(directory, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const names = ['-subj', '/CN=alice', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const out = ['-keyout', at('server-key.pem'), '-out', at('server-cert.pem'), '-days', '2'];
  await promisify(execFile)('openssl', ['req', '-x509', ...key, ...names, ...out]);
  await copyFile(at('server-cert.pem'), at('ca-cert.pem'));
  await copyFile(at('server-cert.pem'), at('client-cert.pem'));
  await copyFile(at('server-key.pem'), at('client-key.pem'));
  return directory;
}

describe('zonelab nbd', () => {
  it('serves on a socket with the permissions asked for, and keeps what was written', async () => {
    const path = join(folder, 's');
    const code = await serving(['--socket', path, '--socket-mode', '0600'], async (uri) => {
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      const client = await NbdClient.connect(uri);
      await client.write(0, Buffer.alloc(4096, 1));
      await client.disconnect();
    });
    expect(code).toBe(0);
    const { stdout } = await runCli('zones', image, '--count', '1', '--output', 'json');
    expect(JSON.parse(stdout)).toMatchObject([{ condition: 'closed', writePointer: 4096 }]);
  });

  it('speaks TLS alone with a directory of certificates, to those who are allowed', async () => {
    const directory = await makeTlsDirectory();
    const tls = ['--port', '0', '--tls-dir', directory];
    await serving([...tls, '--tls-allow', 'CN=bob', '--tls-allow', 'CN=alice'], async (uri) => {
      expect(uri).toMatch(/^nbds:\/\/127\.0\.0\.1:\d+\/$/);
      const client = await NbdClient.connect(`${uri}?tls-certificates=${directory}`);
      await client.disconnect();
      const plain = NbdClient.connect(uri.replace('nbds', 'nbd'));
      await expect(plain).rejects.toMatchObject({ code: 'option_refused' });
      const zones = await runCli('zones', `${uri}?tls-certificates=${directory}`, '--map');
      expect(zones.stdout).toMatch(/^0 {2}\.\.\.\.\n/);
    });
    await serving([...tls, '--tls-allow', 'CN=bob'], async (uri) => {
      const client = NbdClient.connect(`${uri}?tls-certificates=${directory}`);
      await expect(client).rejects.toMatchObject({ code: 'option_refused' });
    });
  });

  it('ends a connection that asks for nothing so long', async () => {
    const code = await serving(['--port', '0', '--idle-timeout', '1'], async (uri) => {
      const { hostname, port } = new URL(uri);
      const client = connect(Number(port), hostname);
      // client flags and the old way into transmission, then silence
      client.write(Buffer.from('0000000349484156454f50540000000100000000', 'hex'));
      client.resume();
      await once(client, 'close');
    });
    expect(code).toBe(0);
  });

  it('fails as a fault plan says, and tells at the end what the plan has done', async () => {
    const rules = [
      { on: 'write', nth: 2, fail: 'io_error' },
      { on: 'read', zone: 1, fail: 'zone_offline' },
      { on: 'flush', nth: 1, fail: 'no_space' },
    ];
    const data = Buffer.alloc(4096, 1);
    const said: string[] = [];
    const args = ['--socket', join(folder, 's'), '--faults', JSON.stringify({ rules })];
    const code = await serving(
      args,
      async (uri) => {
        const client = await NbdClient.connect(uri);
        await client.write(0, data);
        await expect(client.write(4096, data)).rejects.toMatchObject({ code: 'EIO' });
        await client.write(4096, data);
        await expect(client.flush()).rejects.toMatchObject({ code: 'ENOSPC' });
        await client.flush();
        await expect(client.read(4 * MIB, 4096)).rejects.toMatchObject({ code: 'EIO' });
        expect(await client.read(4096, 4096)).toEqual(data);
        await client.disconnect();
      },
      (text) => said.push(text),
    );
    expect(code).toBe(0);
    const counts = said.join('').match(/^rule \d: \d+ of \d+/gm);
    expect(counts).toEqual(['rule 0: 1 of 3', 'rule 1: 1 of 1', 'rule 2: 1 of 2']);
  });

  it.each([
    [['--port', '0', '--tls-mode', 'off', '--tls-dir', '/x'], '--tls-mode: got off'],
    [['--port', '0', '--tls-mode', 'optional'], '--tls-mode: got optional'],
    [['--port', '0', '--tls-allow', 'CN=x'], '--tls-allow: got CN=x'],
    [['--port', '0', '--idle-timeout', '1000001'], '--idle-timeout: got 1000001'],
    [['--port', '0', '--reorder', '65M'], '--reorder: got 65M'],
    [['--port', '0', '--socket-mode', '600'], '--socket-mode: got 600'],
    [['--socket', '/x', '--socket-mode', '888'], '--socket-mode: got 888'],
    [[], '--socket, --port: got neither'],
  ])('refuses %j', async (args, message) => {
    const { stderr, exitCode } = await runCli('nbd', image, ...args);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it('fails in one line where a certificate is missing', async () => {
    const { stderr, exitCode } = await runCli('nbd', image, '--port', '0', '--tls-dir', folder);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('server-cert.pem')]);
  });
});
