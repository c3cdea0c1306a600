import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { MiB, testDisks } from '../disk.fixture.ts';
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import { type OpenedDisk, openDisk } from '../open.ts';
import { copyDisk } from './copy.ts';

const disks = testDisks();
const PIECES = 16;
const PIECE_BYTES = 2 * MiB;

/** A raw disk whose every piece begins with its number, read through `readAsync`. */
async function numbered(
  readAsync: (file: BlockFile, target: Uint8Array, position: number) => Promise<void>,
): Promise<OpenedDisk> {
  const path = disks.path();
  const content = Buffer.alloc(PIECES * PIECE_BYTES, 0xff);
  for (let piece = 0; piece < PIECES; piece++) content[piece * PIECE_BYTES] = piece;
  fs.writeFileSync(path, content);
  return openDisk(path, {
    format: 'raw',
    readOnly: true,
    wrap: (file) => ({
      ...{ path, length: file.length, write: file.write, truncate: file.truncate },
      ...{ sync: () => file.sync(), syncNow: () => file.syncNow(), close: () => file.close() },
      read: (target, position) => file.read(target, position),
      readAsync: (target, position) => readAsync(file, target, position),
    }),
  });
}

/** Copies to nowhere; returns the numbers of the pieces in the order of their writes. */
async function copied(disk: OpenedDisk): Promise<number[]> {
  const seen: number[] = [];
  const write = (offset: number, data: Uint8Array): void => {
    expect(offset % PIECE_BYTES).toBe(0);
    seen.push(data[0] as number);
  };
  await copyDisk(disk, { write, writeZeroes: () => {} }, { sparseBytes: PIECE_BYTES });
  return seen;
}

const inOrder = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('a copy that reads ahead', () => {
  it('writes in order, in whichever order reads end', async () => {
    const disk = await numbered(async (file, target, position) => {
      // every second read ends some turns after the one that began behind it
      for (let turn = (position / PIECE_BYTES) % 2 ? 0 : 5; turn > 0; turn--) await setImmediate();
      file.read(target, position);
    });
    try {
      expect(await copied(disk)).toEqual(inOrder(PIECES));
    } finally {
      disk.abandon();
    }
  });

  it('begins reads while others are under way', async () => {
    let [underWay, most] = [0, 0];
    const disk = await numbered(async (file, target, position) => {
      most = Math.max(most, ++underWay);
      await setImmediate();
      file.read(target, position);
      underWay--;
    });
    try {
      await copied(disk);
    } finally {
      disk.abandon();
    }
    expect(most).toBeGreaterThan(1);
  });

  it('fails as a read does, with what came before it written, and only when no read is under way', async () => {
    let underWay = 0;
    const failing = 5;
    const disk = await numbered(async (file, target, position) => {
      underWay++;
      const bad = position === failing * PIECE_BYTES;
      for (let turn = bad ? 0 : 5; turn > 0; turn--) await setImmediate();
      underWay--;
      if (bad) throw new ImageError('io_error', 'a bad sector', { path: disk.path });
      file.read(target, position);
    });
    const seen: number[] = [];
    const write = (_: number, data: Uint8Array): void => void seen.push(data[0] as number);
    try {
      const copy = copyDisk(disk, { write, writeZeroes: () => {} });
      await expect(copy).rejects.toMatchObject({ code: 'io_error', message: 'a bad sector' });
      expect(underWay).toBe(0);
    } finally {
      disk.abandon();
    }
    expect(seen).toEqual(inOrder(failing));
  });
});
