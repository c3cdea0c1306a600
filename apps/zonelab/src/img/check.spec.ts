/** `zonelab img check` beside the real qemu-img, on damaged images. */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { runCli } from '../run-cli.fixture.ts';

let folder: string;
let image: string;
let copy: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'zonelab-img-check-'));
  image = path.join(folder, 'image.qcow2');
  copy = path.join(folder, 'image-of-stock.qcow2');
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', image, '4M']);
  execFileSync('qemu-io', [image, '-c', 'write -q 0 256k']);
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** Sets words of 16 bits of the image's one refcount block; the data clusters are 5 to 8. */
function setRefcounts(counts: Record<number, number>): void {
  const bytes = fs.readFileSync(image);
  const block = Number(bytes.readBigUInt64BE(Number(bytes.readBigUInt64BE(48))));
  for (const [cluster, count] of Object.entries(counts))
    bytes.writeUInt16BE(count, block + 2 * Number(cluster));
  fs.writeFileSync(image, bytes);
}

function setByte(offset: number, value: number): void {
  const bytes = fs.readFileSync(image);
  bytes.writeUInt8(value, offset);
  fs.writeFileSync(image, bytes);
}

/** Runs both on their own copies; what they print names the same file. */
async function both(...args: string[]) {
  fs.copyFileSync(image, copy);
  const stock = spawnSync('qemu-img', ['check', ...args, copy], { encoding: 'utf8' });
  const ours = await runCli('img', 'check', ...args, image);
  return {
    ours,
    stock: {
      exitCode: stock.status,
      stdout: stock.stdout.replaceAll(copy, image),
      stderr: stock.stderr.replaceAll(copy, image),
    },
  };
}

const DAMAGE: [string, () => void][] = [
  ['nothing', () => undefined],
  ['leaks', () => setRefcounts({ 6: 3, 7: 2 })],
  ['refcounts that are too low, and leaks', () => setRefcounts({ 5: 0, 6: 3 })],
  ['a dirty bit', () => setByte(79, 1)],
];

it.each(DAMAGE)('prints and returns what qemu-img does: %s', async (_what, damage) => {
  damage();
  const { ours, stock } = await both();
  expect(ours).toEqual(stock);
  const json = await both('--output=json');
  expect(JSON.parse(json.ours.stdout)).toEqual(JSON.parse(json.stock.stdout));
});

it.each(DAMAGE.slice(0, 2))(
  'repairs leaks with the words of qemu-img: %s',
  async (_what, damage) => {
    damage();
    const { ours, stock } = await both('-r', 'leaks');
    expect(ours).toMatchObject({ exitCode: stock.exitCode, stdout: stock.stdout });
  },
);

it('counts what it repaired as qemu-img does, and leaves what qemu-img finds sound', async () => {
  setRefcounts({ 5: 0, 6: 3 });
  const { ours, stock } = await both('-r', 'all', '--output', 'json');
  const { 'image-end-offset': end, ...report } = JSON.parse(ours.stdout);
  const { 'image-end-offset': _, ...theirs } = JSON.parse(stock.stdout);
  expect(report).toEqual(theirs);
  expect(end).toBe(fs.statSync(image).size);
  expect(execFileSync('qemu-img', ['check', image], { encoding: 'utf8' })).toContain('No errors');
});

it.each([
  [['-f', 'raw'], 63, 'This image format does not support checks'],
  [['-r', 'some'], 1, "Unknown option value for -r (expecting 'leaks' or 'all'): some"],
  [['-U', '-r', 'all'], 1, 'force-share=on can only be used with read-only images'],
])('refuses %j as qemu-img does', async (args, exitCode, message) => {
  const { ours, stock } = await both(...args);
  expect([ours.exitCode, stock.exitCode]).toEqual([exitCode, exitCode]);
  expect([ours.stderr, stock.stderr]).toEqual([
    expect.stringContaining(message),
    expect.stringContaining(message),
  ]);
});

it('ends with 63 for a file of no known format, and with 1 where qcow2 was asked for', async () => {
  fs.writeFileSync(image, Buffer.alloc(65_536, 1));
  for (const [args, exitCode] of [
    [[], 63],
    [['-f', 'qcow2'], 1],
  ] as const) {
    const { ours, stock } = await both(...args);
    expect([ours.exitCode, stock.exitCode]).toEqual([exitCode, exitCode]);
  }
});

it('prints nothing with -q, and tells by its exit code', async () => {
  setRefcounts({ 6: 3 });
  const { ours, stock } = await both('-q');
  expect(ours).toMatchObject({ exitCode: 2, stdout: '', stderr: '' });
  expect(stock.exitCode).toBe(2);
});

it('repairs zones, with a line for each', async () => {
  fs.rmSync(image);
  await runCli('img', 'create', '-q', image, '4M', '-o', 'zone_size=1M');
  execFileSync('qemu-io', [image, '-c', 'write -q -P 7 2M 4k']);
  expect((await runCli('img', 'check', image)).exitCode).toBe(2);
  const { stdout, exitCode } = await runCli('img', 'check', '-r', 'all', image);
  expect(stdout).toMatch(
    /^zone 2: data up to 2101248, past the write pointer 2097152; now closed, write pointer 2101248$/m,
  );
  expect(exitCode).toBe(0);
  expect(
    JSON.parse((await runCli('img', 'check', '--output', 'json', image)).stdout)['zone-faults'],
  ).toBeUndefined();
});
