/** The command line as a shell runs it. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
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
