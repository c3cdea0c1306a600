import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { formatNbdUri, NbdServer } from '@zonelab/nbd';
import { createImage, ZonedDevice } from '@zonelab/qcow2-zoned';
import { ZonedExport } from '@zonelab/zoned-export';
import { runCli } from '../run-cli.fixture.ts';

const MIB = 1024 ** 2;

let folder: string;
let device: ZonedDevice;
let server: NbdServer;
let unixUri: string;
let tcpUri: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zones-'));
  const image = join(folder, 'disk.qcow2');
  await createImage(image, { size: 32 * MIB, zoned: { zoneSize: 4 * MIB, conventionalZones: 1 } });
  device = await ZonedDevice.open(image);
  await device.write(8 * MIB, Buffer.alloc(4096, 1));
  await device.manage('finish', 3);
  server = new NbdServer();
  server.addExport('disk', new ZonedExport(device));
  await server.listen({ path: join(folder, 'socket') });
  unixUri = formatNbdUri({ path: join(folder, 'socket'), name: 'disk' });
  const bound = await server.listen({ host: '127.0.0.1', port: 0 });
  tcpUri = formatNbdUri({ ...bound, name: 'disk' });
});

afterEach(async () => {
  await server.close();
  await device.close();
  await rm(folder, { recursive: true });
});

describe('zonelab zones of an NBD export', () => {
  it('gives the same JSON as the device, over TCP and a unix socket', async () => {
    for (const uri of [tcpUri, unixUri]) {
      const { stdout, exitCode } = await runCli('zones', uri, '--output', 'json');
      expect([exitCode, JSON.parse(stdout)]).toEqual([0, device.report(0, 8)]);
    }
  });

  it('reports as of an image, from a zone on, so many, in one condition', async () => {
    const { stdout } = await runCli('zones', unixUri, '--from', '2', '--count', '2');
    expect(stdout.split('\n').map((line) => line.trim())).toEqual([
      expect.stringContaining('start: 0x000004000, len 0x002000, cap 0x002000, wptr 0x000008'),
      expect.stringContaining('zcond:14(fu)'),
      '',
    ]);
    const full = await runCli('zones', unixUri, '--state', 'full', '--output', 'json');
    expect(JSON.parse(full.stdout)).toEqual([device.zone(3)]);
  });

  it('draws a map', async () => {
    const { stdout } = await runCli('zones', unixUri, '--map');
    expect(stdout).toMatch(/^0 {2}=\.o#\.\.\.\.\n/);
  });

  it('fails in one line where there is no such export, no server, or no zones', async () => {
    server.addExport('plain', await plainDisk());
    const elsewhere = unixUri.replace('socket=', 'socket=/nowhere');
    for (const uri of [unixUri.replace('/disk', '/other'), elsewhere]) {
      const { stderr, exitCode } = await runCli('zones', uri);
      expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^zonelab: .+\n$/)]);
    }
    const { stderr } = await runCli('zones', unixUri.replace('/disk', '/plain'));
    expect(stderr).toContain('x-zonelab:zones');
  });

  it('refuses a URI that is none', async () => {
    const { stderr, exitCode } = await runCli('zones', 'nbd:/nothing');
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('nbd://host[:port]/name');
  });
});

async function plainDisk(): Promise<ZonedExport> {
  const path = join(folder, 'plain.qcow2');
  await createImage(path, { size: MIB });
  return new ZonedExport(await ZonedDevice.open(path, { readOnly: true }));
}
