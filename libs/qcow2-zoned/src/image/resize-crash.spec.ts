/**
 * Power loss at random moments of resizes, up and down, with the writes between them. The judge of the format is
 * qemu-img; the judge of the content is a copy of the disk kept by the test.
 */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { CrashFile } from '../crash-file.fixture.ts';
import { MiB, qemuCheck, rawContent, run, testDisks } from '../disk.fixture.ts';
import { HostFile } from '../file.ts';
import { openDisk } from '../open.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import { RawDisk } from '../raw-disk.ts';
import { Qcow2Image } from './image.ts';

const disks = testDisks();
const SECTOR = 512;
const SIZE = MiB;
const BACKING_BYTE = 251;

const KINDS: Readonly<Record<string, { options: string; backing?: true; snapshot?: true }>> = {
  'small clusters': { options: 'cluster_size=512' },
  'small clusters with a snapshot': { options: 'cluster_size=512', snapshot: true },
  snapshot: { options: 'cluster_size=4k', snapshot: true },
  'version 2': { options: 'compat=0.10,cluster_size=1k' },
  overlay: { options: 'cluster_size=1k', backing: true },
  'extended L2': { options: 'extended_l2=on,cluster_size=16k', snapshot: true },
};

/** What is durable between two resizes, and the size that the second of them makes. */
interface Stage {
  readonly from: number;
  readonly disk: Buffer;
  readonly next: number;
}

class Resizing {
  readonly stages: Stage[] = [];

  constructor(
    readonly image: Qcow2Image,
    readonly file: CrashFile,
    readonly random: () => number,
    public disk: Buffer,
  ) {}

  /** Random pieces, durable. Bytes 1 to 250. */
  async fill(pieces: number): Promise<void> {
    for (let i = 0; i < pieces; i++) {
      const offset = Math.floor((this.random() * this.disk.length) / SECTOR) * SECTOR;
      const most = Math.min(200, (this.disk.length - offset) / SECTOR);
      const length = SECTOR * Math.ceil(this.random() * most);
      const byte = 1 + Math.floor(this.random() * 250);
      this.image.write(offset, Buffer.alloc(length, byte));
      this.disk.fill(byte, offset, offset + length);
    }
    await this.image.flush();
  }

  async resize(): Promise<void> {
    const next = SECTOR * Math.ceil(this.random() * (this.random() < 0.5 ? 1000 : 8000));
    this.stages.push({ from: this.file.now, disk: Buffer.from(this.disk), next });
    await this.image.resize(next);
    this.disk = resized(this.disk, next);
    this.stages.push({ from: this.file.now, disk: Buffer.from(this.disk), next });
  }
}

function resized(disk: Buffer, size: number): Buffer {
  const other = Buffer.alloc(size);
  disk.copy(other);
  return other;
}

const raw = (path: string): RawDisk => new RawDisk(HostFile.open(path, { readOnly: true }), true);

async function begin(
  path: string,
  { options, backing }: (typeof KINDS)[string],
  random: () => number,
): Promise<Resizing> {
  const words = ['create', '-q', '-f', 'qcow2', '-o', options];
  const base = `${path}.base`;
  // longer than the disk: what lies past its end must never show
  if (backing) fs.writeFileSync(base, Buffer.alloc(3 * SIZE, BACKING_BYTE));
  if (backing) words.push('-b', base, '-F', 'raw');
  run('qemu-img', ...words, path, `${SIZE}`);
  const file = new CrashFile(path);
  const image = await Qcow2Image.open(file, false, backing ? { backing: raw(base) } : {});
  return new Resizing(image, file, random, Buffer.alloc(SIZE, backing ? BACKING_BYTE : 0));
}

/** Below both sizes everything is there; past the smaller, until it is cut off, bytes may have gone already. */
function judge({ disk, next }: Stage, found: Buffer): void {
  expect([disk.length, next]).toContain(found.length);
  const both = Math.min(disk.length, next);
  for (let at = 0; at < found.length; at += SECTOR) {
    const sector = found.subarray(at, at + SECTOR);
    const before = disk.subarray(at, at + SECTOR);
    if (at < both ? sector.equals(before) : isPast(sector, before)) continue;
    throw new Error(`sector at ${at} of ${found.length} holds ${sector[0]}, not ${before[0]}`);
  }
}

function isPast(sector: Buffer, before: Buffer): boolean {
  if (before.length === 0) return sector.every((byte) => byte === 0);
  return sector.equals(before) || sector.every((byte) => byte === 0 || byte === BACKING_BYTE);
}

/** The disk works on: it grows with zeroes, whatever was left past its end. */
async function judgeGrowth(path: string, found: Buffer): Promise<void> {
  const disk = await openDisk(path, { format: 'qcow2' });
  const size = 5 * MiB;
  await disk.image?.resize(size);
  await disk.close();
  expect(qemuCheck(path)).toMatchObject({ corruptions: 0, errors: 0 });
  expect(rawContent(path).equals(resized(found, size))).toBe(true);
}

it.each(Object.keys(KINDS).flatMap((name) => seeds(1, 100).map((seed) => [name, seed] as const)))(
  'has one size or the other, and what both have, after power loss in a resize: %s (seed %i)',
  async (name, seed) => {
    const kind = KINDS[name] as (typeof KINDS)[string];
    const path = disks.path();
    const random = randomFrom(seed);
    const work = await begin(path, kind, random);
    await work.fill(15);
    const kept = Buffer.from(work.disk);
    if (kind.snapshot) await work.image.createSnapshot('kept', new Date(0));
    const from = work.file.now;
    for (let round = 0; round < 4; round++) {
      await work.fill(4);
      await work.resize();
    }
    await work.image.settle();
    for (let crash = 0; crash < 6; crash++) {
      const during = work.stages[2 * Math.floor(random() * 4)] as Stage;
      const after = work.stages[work.stages.indexOf(during) + 1] as Stage;
      expect(during.from).toBeGreaterThanOrEqual(from);
      const moment = during.from + Math.floor(random() * (after.from + 1 - during.from));
      const share = [0, 1, random()][Math.floor(random() * 3)] as number;
      fs.writeFileSync(
        path,
        work.file.stateAt(moment, () => random() < share),
      );
      expect(qemuCheck(path)).toMatchObject({ corruptions: 0, errors: 0 });
      const found = rawContent(path);
      judge(moment < after.from ? during : after, found);
      await judgeGrowth(path, found);
      if (!kind.snapshot) continue;
      run('qemu-img', 'snapshot', '-a', 'kept', path);
      expect(rawContent(path).equals(kept)).toBe(true);
    }
  },
);
