/** The command line as a shell runs it. */

import { rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { run, scratchFolder, script, zonelab } from './lab.fixture.ts';

let folder: string;

beforeEach(() => {
  folder = scratchFolder();
});

afterEach(() => rmSync(folder, { recursive: true }));

it('keeps what was written, though whoever reads its output has gone', async () => {
  const disk = join(folder, 'disk.qcow2');
  await zonelab('img', 'create', '-q', disk, '1M');
  const write = '"$0" io -c "write -P 5 0 64k" -c "write -P 6 64k 64k" "$1" | true';
  await run('sh', '-c', write, script, disk);
  const { exitCode } = await run(
    'qemu-io',
    '-r',
    '-c',
    'read -P 5 0 64k',
    '-c',
    'read -P 6 64k 64k',
    disk,
  );
  expect(exitCode).toBe(0);
});

it('prints the same whichever way it is started', async () => {
  const disk = join(folder, 'disk.qcow2');
  await zonelab('img', 'create', '-q', disk, '1M');
  const link = join(folder, 'link');
  symlinkSync(script, link);
  const words = ['img', 'check', disk];
  // the second start finds what the first compiled
  const [first, ...others] = [
    await run(script, ...words),
    await run(script, ...words),
    await run(link, ...words),
    await run('sh', '-c', `cd "$1" && shift && sh zonelab "$@"`, 'sh', dirname(script), ...words),
    await run(process.execPath, join(dirname(script), 'tools/launch/main.mjs'), ...words),
  ];
  expect(first).toMatchObject({ exitCode: 0, stderr: '' });
  expect(first?.stdout).toContain('No errors were found on the image.');
  for (const other of others) expect(other).toEqual(first);
});
