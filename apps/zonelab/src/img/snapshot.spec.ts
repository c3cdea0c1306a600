/** `zonelab img snapshot` beside the real qemu-img. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { runCli } from '../run-cli.fixture.ts';

let folder: string;
let image: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-snapshot-'));
  image = join(folder, 'image.qcow2');
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', image, '4M']);
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const qemuImg = (...args: string[]) => execFileSync('qemu-img', args, { encoding: 'utf8' });
const snapshot = (...args: string[]) => runCli('img', 'snapshot', ...args, image);

it('lists the snapshots that qemu-img made exactly as qemu-img does', async () => {
  qemuImg('snapshot', '-c', 'first', image);
  qemuImg('snapshot', '-c', 'a name as long as the column', image);
  const { stdout } = await snapshot('-l');
  expect(stdout).toBe(qemuImg('snapshot', '-l', image));
  expect((await snapshot()).stdout).toBe(stdout);
});

it('prints nothing for an image without snapshots', async () => {
  expect(await snapshot('-l')).toEqual({ stdout: '', stderr: '', exitCode: 0 });
});

it('makes, applies and deletes snapshots that qemu-img sees', async () => {
  execFileSync('qemu-io', [image, '-c', 'write -q -P 1 0 64k']);
  expect(await snapshot('-c', 'before')).toEqual({ stdout: '', stderr: '', exitCode: 0 });
  expect(qemuImg('snapshot', '-l', image)).toMatch(/^1 +before +0 B /m);
  execFileSync('qemu-io', [image, '-c', 'write -q -P 2 0 64k']);
  expect((await snapshot('-a', 'before')).exitCode).toBe(0);
  execFileSync('qemu-io', [image, '-c', 'read -q -P 1 0 64k']);
  expect((await snapshot('-d', '1')).exitCode).toBe(1); // its id: names alone count
  expect((await snapshot('-d', 'before')).exitCode).toBe(0);
  expect(qemuImg('snapshot', '-l', image)).toBe('');
});

it.each([[['-d', 'missing']], [['-a', 'missing']], [['-U', '-c', 'name']], [['-l', '-c', 'name']]])(
  "fails like qemu-img's for %j",
  async (args) => {
    const theirs = spawnSync('qemu-img', ['snapshot', ...args, image], { encoding: 'utf8' });
    const ours = await snapshot(...args);
    const [message] = theirs.stderr.split('\n');
    expect(ours.stderr).toBe(`${message?.replace('qemu-img', 'zonelab')}\n`);
    expect(ours.exitCode).toBe(theirs.status);
  },
);

it('finds no snapshots in a raw disk, and makes none, as qemu-img', async () => {
  const raw = join(folder, 'disk.raw');
  qemuImg('create', '-q', '-f', 'raw', raw, '1M');
  expect((await runCli('img', 'snapshot', '-l', raw)).stdout).toBe('');
  const { stderr, exitCode } = await runCli('img', 'snapshot', '-c', 'x', raw);
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringContaining("Could not create snapshot 'x': -95 (Operation not supported)"),
  ]);
});

it('says of a missing file what qemu-img says', async () => {
  const { stderr, exitCode } = await runCli('img', 'snapshot', '-l', '/none');
  expect(stderr).toBe(
    "zonelab: Could not open '/none': Could not open '/none': No such file or directory\n",
  );
  expect(exitCode).toBe(1);
});
