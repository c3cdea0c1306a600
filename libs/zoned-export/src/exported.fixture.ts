/** A real image behind a real server, torn down after each test, and how tests run real tools. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatNbdUri, NbdClient, NbdServer } from '@zonelab/nbd';
import {
  type CreateOptions,
  createImage,
  type OpenOptions,
  ZonedDevice,
} from '@zonelab/qcow2-zoned';
import { ZonedExport, type ZonedExportOptions } from './zoned-export.ts';

export const KIB = 1024;
export const MIB = 1024 * KIB;

export interface Exported {
  readonly device: ZonedDevice;
  readonly server: NbdServer;
  readonly folder: string;
  readonly uri: string;
  readonly client: NbdClient;
  stop(): Promise<void>;
}

export async function exportImage(
  create: CreateOptions,
  options: ZonedExportOptions = {},
  open: OpenOptions = {},
): Promise<Exported> {
  const folder = await mkdtemp(join(tmpdir(), 'zoned-export-'));
  const image = join(folder, 'image.qcow2');
  await createImage(image, create);
  const device = await ZonedDevice.open(image, open);
  const faults: unknown[] = [];
  const server = new NbdServer({ onUnexpected: (fault) => faults.push(fault) });
  server.addExport('disk', new ZonedExport(device, options));
  const path = join(folder, 'socket');
  await server.listen({ path });
  const uri = formatNbdUri({ path, name: 'disk' });
  const client = await NbdClient.connect(uri);
  return {
    device,
    server,
    folder,
    uri,
    client,
    stop: async () => {
      await client.disconnect();
      await server.close();
      await device.close();
      await rm(folder, { recursive: true });
      if (faults.length > 0) throw faults[0];
    },
  };
}

/** Runs a tool that must succeed, and gives its standard output. */
export function succeed(program: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: 30_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program} ${args.join(' ')}: ${error.code}\n${stdout}\n${stderr}`));
    });
  });
}
