/** What is left when a commit or a rebase is interrupted: always an overlay with the content it had. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { qemuCheck, run, testDisks } from '../disk.fixture.ts';
import type { BlockFile } from '../file.ts';
import { openDisk } from '../open.ts';
import { commitDisk } from './commit.ts';
import { rebaseDisk } from './rebase.ts';

interface Event {
  readonly file: string;
  readonly kind: 'write' | 'header' | 'sync';
}

/** The first cluster of the images here. */
const HEADER_BYTES = 4096;

/** All files of an operation. After so many writes the power is gone: nothing is written any more. */
class PowerStrip {
  readonly events: Event[] = [];

  constructor(private readonly writesLeft = Number.POSITIVE_INFINITY) {}

  readonly wrap = (file: BlockFile): BlockFile => {
    const note = (kind: Event['kind']): void => {
      if (this.writes >= this.writesLeft) throw new Error('the power is gone');
      this.events.push({ file: path.basename(file.path), kind });
    };
    return {
      path: file.path,
      get length() {
        return file.length;
      },
      read: (target, position) => file.read(target, position),
      write(data, position) {
        note(position < HEADER_BYTES ? 'header' : 'write');
        file.write(data, position);
      },
      async sync() {
        note('sync');
        await file.sync();
      },
      syncNow() {
        note('sync');
        file.syncNow();
      },
      truncate(length) {
        note('write');
        file.truncate(length);
      },
      close: () => file.close(),
    };
  };

  get writes(): number {
    return this.events.filter(({ kind }) => kind !== 'sync').length;
  }
}

const disks = testDisks();
let made: string;
let content: Buffer;

beforeAll(() => {
  made = `${disks.path()}.d`;
  fs.mkdirSync(made);
  const create = (name: string, ...words: string[]): void => {
    run(
      'qemu-img',
      'create',
      '-q',
      '-f',
      'qcow2',
      '-o',
      'cluster_size=4k',
      ...words.slice(1),
      `${made}/${name}`,
      words[0] as string,
    );
  };
  const io = (name: string, ...commands: string[]): void => {
    run('qemu-io', ...commands.flatMap((command) => ['-c', command]), `${made}/${name}`);
  };
  create('base', '256k');
  io('base', 'write -q -P 1 0 100k', 'write -q -P 2 200k 8k');
  create('other', '256k');
  io('other', 'write -q -P 9 0 256k');
  create('top', '512k', '-b', 'base', '-F', 'qcow2');
  io('top', 'write -q -P 3 50k 60k', 'write -q -z 8k 8k', 'write -q -P 4 300k 30k');
  content = contentOf(`${made}/top`);
});

afterAll(() => fs.rmSync(made, { recursive: true, force: true }));

function contentOf(file: string): Buffer {
  run('qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', file, `${file}.raw`);
  return fs.readFileSync(`${file}.raw`);
}

/** A fresh copy of the chain. */
function copyChain(): string {
  const folder = `${disks.path()}.d`;
  fs.cpSync(made, folder, { recursive: true });
  return folder;
}

async function commit(folder: string, power: PowerStrip): Promise<void> {
  await commitDisk(`${folder}/top`, { format: 'qcow2', wrap: power.wrap });
}

async function rebase(folder: string, power: PowerStrip): Promise<void> {
  const newBacking = await openDisk(`${folder}/other`, { format: 'qcow2', readOnly: true });
  const disk = await openDisk(`${folder}/top`, { format: 'qcow2', wrap: power.wrap });
  try {
    await rebaseDisk(disk, { backing: { file: 'other', format: 'qcow2' }, newBacking });
    await disk.close();
  } catch (error) {
    disk.abandon();
    throw error;
  } finally {
    newBacking.abandon();
  }
}

describe.each([
  ['commit', commit],
  ['rebase', rebase],
] as const)('an interrupted %s', (_name, operation) => {
  it('leaves the overlay with its content, and no corrupt image, wherever it stops', async () => {
    const whole = new PowerStrip();
    await operation(copyChain(), whole);
    expect(whole.writes).toBeGreaterThan(4);
    for (let writes = 0; writes < whole.writes; writes++) {
      const folder = copyChain();
      await expect(operation(folder, new PowerStrip(writes))).rejects.toThrow();
      expect([writes, contentOf(`${folder}/top`).equals(content)]).toEqual([writes, true]);
      for (const name of ['top', 'base'])
        expect(qemuCheck(`${folder}/${name}`)).toMatchObject({ corruptions: 0, errors: 0 });
      fs.rmSync(folder, { recursive: true });
    }
  });
});

it('makes the base durable before the first change of the overlay it is committed from', async () => {
  const power = new PowerStrip();
  await commit(copyChain(), power);
  const firstOfTop = power.events.findIndex(({ file, kind }) => file === 'top' && kind !== 'sync');
  const before = power.events.slice(0, firstOfTop).filter(({ file }) => file === 'base');
  expect(before.at(-1)).toEqual({ file: 'base', kind: 'sync' });
});

it('names another backing file only when the data it lacks is durable', async () => {
  const power = new PowerStrip();
  await rebase(copyChain(), power);
  const kinds = power.events.map(({ kind }) => kind);
  const lastData = kinds.lastIndexOf('write');
  expect(lastData).toBeGreaterThan(-1);
  expect(kinds.indexOf('header')).toBeGreaterThan(lastData);
  expect(kinds.slice(lastData, kinds.indexOf('header'))).toContain('sync');
});
