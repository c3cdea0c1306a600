/** Bitmaps changed by us and by stock QEMU, step by step on two copies of an image; stock QEMU reads both. */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { checkImage } from '../check/check.ts';
import { CrashFile } from '../crash-file.fixture.ts';
import { KiB, MiB, qemuCheck, run } from '../disk.fixture.ts';
import { Qcow2Image } from '../image/image.ts';
import { openDisk } from '../open.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import { type BitmapAction, BitmapEditor, bitmapCopies } from './bitmaps.ts';
import { convertToFile } from './convert.ts';

let folder: string;
const at = (name: string) => path.join(folder, name);
const SOUND = { corruptions: 0, leaks: 0, errors: 0 };

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'zonelab-bitmaps-'));
});
beforeEach(() => {
  for (const name of fs.readdirSync(folder)) fs.rmSync(at(name));
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

const create = (name: string, size: string, options = 'cluster_size=64k') =>
  run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', options, at(name), size);

const bitmapsOf = (file: string) =>
  JSON.parse(run('qemu-img', 'info', '--output=json', file))['format-specific'].data.bitmaps ?? [];

/** Dirty ranges as an NBD client is told of them. Only bitmaps that nobody keeps up to date are exported. */
function dirtyRanges(file: string, bitmap: string): unknown {
  const copy = at('exported');
  fs.copyFileSync(file, copy);
  run('qemu-img', 'bitmap', '--disable', copy, bitmap);
  const server = ['--', '[', 'qemu-nbd', '-r', '-f', 'qcow2', '-B', bitmap, copy, ']'];
  return JSON.parse(run('nbdinfo', '--json', `--map=qemu:dirty-bitmap:${bitmap}`, ...server));
}

async function ours(file: string, bitmap: string, actions: readonly BitmapAction[]) {
  const disk = await openDisk(file);
  const editor = new BitmapEditor(disk.image as Qcow2Image);
  try {
    for (const action of actions) editor.apply(bitmap, action);
    await editor.store();
    await disk.close();
    return undefined;
  } catch (error) {
    disk.abandon();
    return (error as Error).message;
  }
}

function theirs(file: string, bitmap: string, actions: readonly BitmapAction[]) {
  const flags = actions.flatMap((action) =>
    action.kind === 'merge' ? ['--merge', action.source] : [`--${action.kind}`],
  );
  const add = actions.find((action) => action.kind === 'add');
  const granularity = add?.granularity === undefined ? [] : ['-g', `${add.granularity}`];
  const { stderr, status } = spawnSync(
    'qemu-img',
    ['bitmap', ...flags, ...granularity, '-f', 'qcow2', file, bitmap],
    { encoding: 'utf8' },
  );
  return status === 0 ? undefined : stderr;
}

it.each(seeds(2, 200))('are after each step what QEMU makes of them (seed %i)', async (seed) => {
  const random = randomFrom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(choices: readonly T[]) => choices[below(choices.length)] as T;
  const options = pick(['cluster_size=64k', 'cluster_size=512', 'cluster_size=4k,refcount_bits=1']);
  const size = 2 * MiB + 512 * below(4096);
  create('ours', `${size}`, options);
  create('theirs', `${size}`, options);
  for (let step = 0; step < 10; step++) {
    const name = pick(['a', 'b', 'c']);
    const add = {
      kind: 'add',
      granularity: pick([undefined, 512, 4 * KiB, 64 * KiB, MiB]),
    } as const;
    const actions: BitmapAction[] = pick([
      [add],
      [add, { kind: 'disable' }],
      [{ kind: 'merge', source: pick(['a', 'b', 'c']) }],
      [add, { kind: 'merge', source: pick(['a', 'b', 'c']) }],
      [{ kind: pick(['clear', 'enable', 'disable', 'remove'] as const) }],
    ]);
    const what = { seed, step, name, actions };
    const writes = [`write -q -P ${step} ${512 * below(2000)} ${512 * (1 + below(2000))}`];
    for (const file of ['ours', 'theirs'])
      execFileSync('qemu-io', [...writes.flatMap((write) => ['-c', write]), at(file)]);
    const refused = [await ours(at('ours'), name, actions), theirs(at('theirs'), name, actions)];
    if (refused[0] !== undefined && actions.length > 1) {
      // QEMU stores what came before the step that it refused; here nothing is stored
      expect({ ...what, refused: refused[1] !== undefined }).toEqual({ ...what, refused: true });
      fs.copyFileSync(at('theirs'), at('ours'));
    }
    if (refused[1] !== undefined) expect(refused[1]).toContain(refused[0]);
    expect({ ...what, refused: refused[0] === undefined }).toEqual({
      ...what,
      refused: refused[1] === undefined,
    });
    const bitmaps = bitmapsOf(at('theirs'));
    expect({ ...what, bitmaps: bitmapsOf(at('ours')) }).toEqual({ ...what, bitmaps });
    expect({ ...what, ...qemuCheck(at('ours')) }).toEqual({ ...what, ...SOUND });
    expect((await checkImage(at('ours'))).findings).toEqual([]);
    for (const { name: bitmap } of bitmaps) {
      const dirty = dirtyRanges(at('theirs'), bitmap);
      expect({ ...what, bitmap, dirty: dirtyRanges(at('ours'), bitmap) }).toEqual({
        ...what,
        bitmap,
        dirty,
      });
    }
  }
});

describe('a bitmap of another image', () => {
  it('is merged, of another granularity and cluster size', async () => {
    create('source', '3M', 'cluster_size=4k');
    create('ours', '3M');
    run('qemu-img', 'bitmap', '--add', '-g', '512', at('source'), 'fine');
    run('qemu-io', '-c', 'write -q 1000k 512', '-c', 'write -q 2M 1M', at('source'));
    fs.copyFileSync(at('ours'), at('theirs'));
    run(
      'qemu-img',
      'bitmap',
      '--add',
      '--merge',
      'fine',
      '-b',
      at('source'),
      '-F',
      'qcow2',
      at('theirs'),
      'x',
    );
    const from = await openDisk(at('source'), { readOnly: true });
    const actions = [{ kind: 'add' }, { kind: 'merge', source: 'fine', from }] as const;
    expect(await ours(at('ours'), 'x', actions)).toBeUndefined();
    from.abandon();
    expect(dirtyRanges(at('ours'), 'x')).toEqual(dirtyRanges(at('theirs'), 'x'));
    expect(qemuCheck(at('ours'))).toEqual(SOUND);
  });

  it('comes along when the disk is converted, and is refused where sizes differ', async () => {
    create('source', '3M');
    run('qemu-img', 'bitmap', '--add', '-g', '4k', at('source'), 'kept');
    run('qemu-img', 'bitmap', '--add', '--disable', at('source'), 'still');
    run('qemu-io', '-c', 'write -q 1000k 512', '-c', 'write -q 2M 1M', at('source'));
    const source = await openDisk(at('source'), { readOnly: true });
    const bitmaps = bitmapCopies(source.image as Qcow2Image);
    const options = { bitmaps, create: { clusterSize: 512 } };
    await convertToFile(source, at('ours'), options);
    const larger = { bitmaps, create: { size: 4 * MiB } };
    await expect(convertToFile(source, at('larger'), larger)).rejects.toThrow(
      'Failed to populate bitmap still: Bitmaps are of different sizes',
    );
    source.abandon();
    expect(bitmapsOf(at('ours'))).toEqual(bitmapsOf(at('source')));
    for (const name of ['kept', 'still'])
      expect(dirtyRanges(at('ours'), name)).toEqual(dirtyRanges(at('source'), name));
    expect(qemuCheck(at('ours'))).toEqual(SOUND);
    expect(fs.existsSync(at('larger'))).toBe(false);
  });
});

it('keeps the old bitmaps or has the new ones after a crash, whenever it comes', async () => {
  create('image', '2M', 'cluster_size=4k');
  run('qemu-img', 'bitmap', '--add', '-g', '4k', at('image'), 'a');
  run('qemu-io', '-c', 'write -q 0 1M', at('image'));
  const file = new CrashFile(at('image'));
  const image = await Qcow2Image.open(file, false);
  const editor = new BitmapEditor(image);
  editor.apply('b', { kind: 'add' });
  editor.apply('b', { kind: 'merge', source: 'a' });
  editor.apply('a', { kind: 'remove' });
  await editor.store();
  await image.settle();
  const seen = new Set<string>();
  for (let moment = 0; moment <= file.now; moment++)
    for (const keeps of [() => true, () => false]) {
      const state = file.stateAt(moment, keeps);
      if (seen.size === seen.add(state.toString('base64')).size) continue;
      fs.writeFileSync(at('crashed'), state);
      const names = bitmapsOf(at('crashed')).map(({ name }: { name: string }) => name);
      expect([['a'], ['b']]).toContainEqual(names);
      expect(qemuCheck(at('crashed'))).toMatchObject({ corruptions: 0, errors: 0 });
      expect(dirtyRanges(at('crashed'), names[0])).toEqual([
        expect.objectContaining({ offset: 0, length: MiB, type: 1 }),
        expect.objectContaining({ offset: MiB, length: MiB, type: 0 }),
      ]);
    }
});

it('takes no memory by the size of a bitmap of ones', async () => {
  create('image', '64G', 'cluster_size=2M');
  run('qemu-img', 'bitmap', '--add', '-g', '512', at('image'), 'a');
  expect(await ours(at('image'), 'a', [{ kind: 'clear' }])).toBeUndefined();
  const disk = await openDisk(at('image'));
  const editor = new BitmapEditor(disk.image as Qcow2Image);
  editor.fill('a');
  await editor.store();
  await disk.close();
  expect(fs.statSync(at('image')).size).toBeLessThan(20 * MiB);
  expect(qemuCheck(at('image'))).toEqual(SOUND);
});
