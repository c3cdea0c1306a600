/** Every pair of create options, ours beside qemu-img's: refused by both, or alike and healthy. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type CreateOptions, createImage } from './create.ts';
import { KiB, MiB, qemuCheck, run } from './disk.fixture.ts';
import { inspectImage } from './info.ts';
import { pairwise } from './pairs.fixture.ts';

interface Kind {
  version: 2 | 3;
  clusterSize: number;
  refcountBits: number;
  lazyRefcounts: boolean;
  extendedL2: boolean;
  compressionType: 'zlib' | 'zstd';
  preallocation: 'off' | 'metadata' | 'falloc' | 'full';
  backing: 'none' | 'qcow2' | 'raw';
  data: 'none' | 'plain' | 'raw';
  size: number;
}

const KINDS = pairwise<Kind>({
  version: [3, 2],
  clusterSize: [64 * KiB, 512, 4 * KiB, 2 * MiB],
  refcountBits: [16, 1, 2, 8, 64],
  lazyRefcounts: [false, true],
  extendedL2: [false, true],
  compressionType: ['zlib', 'zstd'],
  preallocation: ['off', 'metadata', 'falloc', 'full'],
  backing: ['none', 'qcow2', 'raw'],
  data: ['none', 'plain', 'raw'],
  size: [MiB, 0, 2 * MiB + 512],
});
/** Most pairs of exotic options are refused: each value also beside defaults alone. */
const ALONE = KINDS.flatMap((kind) =>
  Object.entries(kind).map(([name, value]) => ({
    version: 3,
    ...{ clusterSize: 64 * KiB, refcountBits: 16, lazyRefcounts: false, extendedL2: false },
    ...{ compressionType: 'zlib', preallocation: 'off', backing: 'none', data: 'none', size: MiB },
    [name]: value,
  })),
) as Kind[];
const ALL = [...new Map([...ALONE, ...KINDS].map((kind) => [JSON.stringify(kind), kind])).values()];

let folder = '';
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'zl-'));
  run('qemu-img', 'create', '-q', '-f', 'qcow2', path.join(folder, 'b.qcow2'), '1M');
  fs.writeFileSync(path.join(folder, 'b.raw'), Buffer.alloc(MiB, 7));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const dataName = (kind: Kind, file: string): string | undefined =>
  kind.data === 'none' ? undefined : `${file}.d`;

function ours(kind: Kind, file: string): CreateOptions {
  const { data, backing, ...plain } = kind;
  const name = dataName(kind, file);
  return {
    ...plain,
    ...(backing !== 'none' && { backing: { file: `b.${backing}`, format: backing } }),
    ...(name !== undefined && { dataFile: { file: name, raw: data === 'raw' } }),
  };
}

function theirs(kind: Kind, file: string): { status: number | null; stderr: string } {
  const onOff = (on: boolean): string => (on ? 'on' : 'off');
  const data = dataName(kind, file);
  const options = [
    `compat=${kind.version === 2 ? '0.10' : '1.1'}`,
    `cluster_size=${kind.clusterSize},refcount_bits=${kind.refcountBits}`,
    `lazy_refcounts=${onOff(kind.lazyRefcounts)},extended_l2=${onOff(kind.extendedL2)}`,
    `compression_type=${kind.compressionType},preallocation=${kind.preallocation}`,
    ...(data === undefined ? [] : [`data_file=${data}`]),
    ...(kind.data === 'raw' ? ['data_file_raw=on'] : []),
  ].join(',');
  const backing = kind.backing === 'none' ? [] : ['-b', `b.${kind.backing}`, '-F', kind.backing];
  const words = ['create', '-q', '-f', 'qcow2', '-o', options, ...backing, file, `${kind.size}`];
  const { status, stderr } = spawnSync('qemu-img', words, { encoding: 'utf8' });
  return { status, stderr };
}

/** What qemu-img says, without names, sizes on disk and places. */
function described(file: string): unknown {
  const info = JSON.parse(run('qemu-img', 'info', '--output=json', file));
  const { 'actual-size': _space, filename: _name, ...told } = info;
  const { 'data-file': _data, ...data } = told['format-specific'].data;
  const map = JSON.parse(run('qemu-img', 'map', '--output=json', file));
  // qemu-img takes the space of a data file's first block, ours is one hole
  const hole = data['data-file-raw'] ? { zero: true } : {};
  return {
    ...told,
    data,
    'format-specific': undefined,
    map: map.map(({ offset: _offset, ...extent }: { offset?: number }) => ({
      ...extent,
      ...hole,
    })),
  };
}

it.each(ALL.map((kind) => [JSON.stringify(kind), kind] as const))(
  'creates what qemu-img creates: %s',
  async (_text, kind) => {
    const [mine, their] = [path.join(folder, 'm'), path.join(folder, 't')];
    const answer = theirs(kind, their);
    const refusal = await createImage(mine, ours(kind, mine)).then(
      () => undefined,
      (error) => error as { code: string },
    );
    try {
      if (answer.status !== 0) {
        // qemu-img gives up where its feature name table does not fit a small cluster: ours leaves it out
        if (answer.stderr.includes('No space left')) return;
        expect(refusal).toMatchObject({ code: 'invalid_option' });
        return;
      }
      expect(refusal).toBeUndefined();
      expect(described(mine)).toEqual(described(their));
      expect(qemuCheck(mine)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
      const { path: _m, actualSize: _a, dataFile: _d, ...mineTold } = await inspectImage(mine);
      const { path: _t, actualSize: _b, dataFile: _e, ...theirTold } = await inspectImage(their);
      expect(mineTold).toEqual(theirTold);
      if (kind.size === 0) return;
      run('qemu-io', '-c', 'write -P 5 512 70000', '-c', 'read -P 5 512 70000', mine);
      expect(qemuCheck(mine)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
    } finally {
      for (const name of ['m', 't', 'm.d', 't.d'])
        fs.rmSync(path.join(folder, name), { force: true });
    }
  },
);
