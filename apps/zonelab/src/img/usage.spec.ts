/** Command lines of `zonelab img` that are wrong, and the long forms of those that are right, beside the real qemu-img. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { runCli } from '../run-cli.fixture.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-usage-'));
  const image = join(folder, 'a.qcow2');
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', image, '8M']);
  execFileSync('qemu-io', ['-c', 'write -q -P 5 1M 64k', image]);
  execFileSync('qemu-img', ['convert', '-O', 'raw', image, join(folder, 'a.raw')]);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Both tools' answers; of what they say on standard error, the first line. */
async function both(line: string) {
  const args = line
    .split(' ')
    .filter(Boolean)
    .map((word) => word.replace(/\b(a\.qcow2|a\.raw|missing|new)$/, (name) => join(folder, name)));
  const theirs = spawnSync('qemu-img', args, { encoding: 'utf8' });
  rmSync(join(folder, 'new'), { force: true });
  const ours = await runCli('img', ...args);
  rmSync(join(folder, 'new'), { force: true });
  const message = (text: string) => text.split('\n')[0]?.replace(/^(qemu-img|zonelab): /, '');
  return {
    ours: { out: ours.stdout, exitCode: ours.exitCode, message: message(ours.stderr) },
    theirs: { out: theirs.stdout, exitCode: theirs.status, message: message(theirs.stderr) },
  };
}

it.each([
  '',
  'bogus',
  'info',
  'info a.qcow2 a.raw',
  'info --bogus a.qcow2',
  'info -z a.qcow2',
  'info -f',
  'info --output',
  'info --output bogus a.qcow2',
  'info missing',
  'info -f bogus a.qcow2',
  'info -f qcow2 a.raw',
  'info --image-opts a=missing',
  'info --image-opts driver=bogus,file.filename=a.qcow2',
  'info --image-opts -f qcow2 file.filename=a.qcow2',
  'info --image-opts driver=qcow2,file.filename=missing',
  'check',
  'check --repair bogus a.qcow2',
  'map a.qcow2 a.raw',
  'map -s 8E a.qcow2',
  'compare a.qcow2',
  'commit',
  'snapshot',
  'rebase -u',
  'resize a.qcow2',
  'resize a.qcow2 8P',
  'resize a.qcow2 4P',
  'resize a.qcow2 17E',
  'create -f qcow2',
  'create -f qcow2 new 4P',
  'create -f qcow2 new 8P',
  'create -f qcow2 new 8E',
  'create -f qcow2 -o size=8P new',
  'create -f qcow2 -o size=20E new',
  'create -f qcow2 -o size=x new',
  'create -f raw new 8E',
  'create -f raw new 20P',
  'measure -O qcow2 --size 8P',
  'measure -O qcow2 --size 8E',
])('refuses "%s" as qemu-img does', async (line) => {
  const { ours, theirs } = await both(line);
  expect(ours).toEqual(theirs);
  expect(theirs.exitCode).toBe(1);
});

it.each([
  'info --format qcow2 a.qcow2',
  'info --image-opts driver=qcow2,file.filename=a.qcow2',
  'info --image-opts file.filename=a.qcow2',
  'info --output=json --image-opts driver=raw,file.driver=file,file.filename=a.qcow2',
  'info --backing-chain --image-opts driver=qcow2,file.filename=a.qcow2',
  'check --format qcow2 --repair all a.qcow2',
  'check --repair=leaks --image-opts driver=qcow2,file.filename=a.qcow2',
  'check -q --output=json a.qcow2',
  'map --format qcow2 a.qcow2',
  'measure -O raw --size 8P',
])('does for "%s" what qemu-img does', async (line) => {
  const { ours, theirs } = await both(line);
  expect(ours).toEqual(theirs);
  expect(theirs.exitCode).toBe(0);
});

it('tells its version, and whose tools it is like', async () => {
  const { version } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../../../package.json'), 'utf8'),
  );
  for (const option of ['--version', '-V']) {
    const { stdout, exitCode } = await runCli('img', option);
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/qemu-img version 7\.2/)]);
    expect(stdout).toContain(`zonelab img version ${version} `);
  }
});
