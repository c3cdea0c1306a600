/**
 * Random changes to images of every kind that stock QEMU makes. The content is held against a plain buffer, and
 * against what QEMU reads; `qemu-img check` must find nothing.
 */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { KiB, MiB, qemuCheck, rawContent, run, testDisks } from '../disk.fixture.ts';
import { HostFile } from '../file.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import { RawDisk } from '../raw-disk.ts';
import { type ImageParts, Qcow2Image } from './image.ts';

const disks = testDisks();
const SIZE = 3 * MiB + 5 * 512;

type Random = () => number;
const between = (random: Random, from: number, to: number): number =>
  from + Math.floor(random() * (to - from));

/** What an image is made of, as options of `qemu-img create`. */
interface Kind {
  readonly options: readonly string[];
  readonly backing: 'none' | 'raw' | 'qcow2';
  readonly dataFile: boolean;
  readonly raw: boolean;
}

const KINDS: Readonly<Record<string, Kind>> = {
  plain: { options: ['cluster_size=4k'], backing: 'none', dataFile: false, raw: false },
  'version 2': { options: ['compat=0.10'], backing: 'none', dataFile: false, raw: false },
  'version 2 overlay': { options: ['compat=0.10'], backing: 'qcow2', dataFile: false, raw: false },
  overlay: { options: ['cluster_size=8k'], backing: 'raw', dataFile: false, raw: false },
  'extended L2': { options: ['extended_l2=on'], backing: 'none', dataFile: false, raw: false },
  'extended L2 overlay': {
    ...{ options: ['extended_l2=on', 'cluster_size=32k'], backing: 'qcow2' },
    ...{ dataFile: false, raw: false },
  },
  'zstd overlay': {
    options: ['compression_type=zstd'],
    backing: 'raw',
    dataFile: false,
    raw: false,
  },
  preallocated: {
    options: ['preallocation=metadata'],
    backing: 'none',
    dataFile: false,
    raw: false,
  },
  'narrow refcounts': {
    options: ['refcount_bits=1'],
    backing: 'none',
    dataFile: false,
    raw: false,
  },
  'data file': { options: [], backing: 'none', dataFile: true, raw: false },
  'data file overlay': { options: ['extended_l2=on'], backing: 'raw', dataFile: true, raw: false },
  'raw data file': { options: [], backing: 'none', dataFile: true, raw: true },
  'raw data file with extended L2': {
    ...{ options: ['extended_l2=on', 'cluster_size=16k'], backing: 'none' },
    ...{ dataFile: true, raw: true },
  },
};

/** Data that compresses a little, so that clusters get packed. */
function noise(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const step = between(random, 3, 9);
  for (let at = 0; at < length; at += step) bytes[at] = between(random, 1, 256);
  return bytes;
}

interface Subject {
  readonly path: string;
  readonly dataFile: string | undefined;
  readonly disk: Buffer;
  open(readOnly: boolean): Promise<{ image: Qcow2Image; close: () => void }>;
}

async function make(kind: Kind, random: Random): Promise<Subject> {
  const path = disks.path();
  const words = ['create', '-q', '-f', 'qcow2'];
  const disk = Buffer.alloc(SIZE);
  const base = `${path}.base`;
  if (kind.backing !== 'none') {
    const shorter = noise(random, between(random, 1, SIZE / 512) * 512);
    shorter.copy(disk);
    fs.writeFileSync(`${base}.raw`, shorter);
    run('qemu-img', 'convert', '-O', kind.backing, `${base}.raw`, base);
    words.push('-b', base, '-F', kind.backing);
  }
  const options = [...kind.options];
  const dataFile = kind.dataFile ? `${path}.data` : undefined;
  if (dataFile !== undefined) options.push(`data_file=${dataFile}`);
  if (kind.raw) options.push('data_file_raw=on');
  if (options.length > 0) words.push('-o', options.join());
  run('qemu-img', ...words, path, `${SIZE}`);
  return {
    ...{ path, dataFile, disk },
    open: async (readOnly) => {
      const parts: { -readonly [K in keyof ImageParts]: ImageParts[K] } = {};
      const files: HostFile[] = [];
      const file = (name: string, reading: boolean): HostFile => {
        const opened = HostFile.open(name, { readOnly: reading });
        files.push(opened);
        return opened;
      };
      if (kind.backing === 'qcow2') parts.backing = new Qcow2Image(file(base, true), true);
      if (kind.backing === 'raw') parts.backing = new RawDisk(file(base, true), true);
      if (dataFile !== undefined) parts.dataFile = file(dataFile, readOnly);
      const image = await Qcow2Image.open(file(path, readOnly), readOnly, parts);
      return {
        image,
        close: () =>
          files.forEach((opened) => {
            opened.close();
          }),
      };
    },
  };
}

class Changes {
  constructor(
    readonly image: Qcow2Image,
    readonly disk: Buffer,
    readonly random: Random,
    readonly compresses: boolean,
  ) {}

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      const choice = this.random();
      if (choice < 0.4) this.#write();
      else if (choice < 0.55) this.#zero();
      else if (choice < 0.7) this.#unmap();
      else if (choice < 0.85 && this.compresses) this.#compress();
      else if (choice < 0.95) this.#read();
      else await this.image.flush();
    }
  }

  #range(): [number, number] {
    const offset = between(this.random, 0, SIZE / 512) * 512;
    const most = this.random() < 0.7 ? 40 : 600;
    const length = Math.min(SIZE - offset, between(this.random, 1, most) * 512);
    return [offset, length];
  }

  #write(): void {
    const [offset, length] = this.#range();
    const data = noise(this.random, length);
    this.image.write(offset, data);
    data.copy(this.disk, offset);
  }

  #zero(): void {
    const [offset, length] = this.#range();
    this.image.writeZeroes(offset, length);
    this.disk.fill(0, offset, offset + length);
  }

  /** Whole clusters must read as zeroes; of what is cut off at the ends, any part may. */
  #unmap(): void {
    const [offset, length] = this.#range();
    this.image.unmap(offset, length);
    const after = Buffer.alloc(SIZE);
    this.image.read(0, after);
    const { clusterSize } = this.image;
    const from = Math.ceil(offset / clusterSize) * clusterSize;
    const to = Math.floor((offset + length) / clusterSize) * clusterSize;
    if (from < to) this.disk.fill(0, from, to);
    for (let at = offset; at < offset + length; at += 512)
      if (after.subarray(at, at + 512).every((byte) => byte === 0)) this.disk.fill(0, at, at + 512);
    expect(after.equals(this.disk)).toBe(true);
  }

  #compress(): void {
    const { clusterSize } = this.image;
    const first = between(this.random, 0, Math.floor(SIZE / clusterSize));
    const count = between(this.random, 1, 5);
    for (
      let index = first;
      index < Math.min(first + count, Math.floor(SIZE / clusterSize));
      index++
    ) {
      const data = noise(this.random, clusterSize);
      this.image.writeCompressed(index * clusterSize, data);
      data.copy(this.disk, index * clusterSize);
    }
  }

  #read(): void {
    const [offset, length] = this.#range();
    const found = Buffer.alloc(length);
    this.image.read(offset, found);
    expect(found.equals(this.disk.subarray(offset, offset + length))).toBe(true);
  }
}

function content(image: Qcow2Image): Buffer {
  const bytes = Buffer.alloc(image.size);
  image.read(0, bytes);
  return bytes;
}

interface Mapped {
  readonly start: number;
  readonly length: number;
  readonly present: boolean;
  readonly zero: boolean;
  readonly data: boolean;
  readonly hostOffset: number | undefined;
}

/**
 * `qemu-img map`, in the shape of our extents. A raw backing file's holes are its host's affair, so depth 0 alone; and
 * where QEMU takes an image for preallocated, it looks for holes in the file under data: those are joined again.
 */
function qemuMap(path: string): Mapped[] {
  const map: (Mapped & { depth: number; offset?: number })[] = JSON.parse(
    run('qemu-img', 'map', '--output=json', path),
  );
  const joined: Mapped[] = [];
  for (const { start, length, present, zero, data, depth, offset } of map) {
    if (depth !== 0) continue;
    const last = joined.at(-1);
    const next = { start, length, present, zero: zero && !data, data, hostOffset: offset };
    const follows =
      last?.data === true &&
      data &&
      last.start + last.length === start &&
      last.hostOffset !== undefined &&
      last.hostOffset + last.length === offset;
    if (follows) joined[joined.length - 1] = { ...last, length: last.length + length };
    else joined.push(next);
  }
  return joined;
}

function ourMap(image: Qcow2Image): Mapped[] {
  let start = 0;
  const map: Mapped[] = [];
  for (const { length, depth, present, zero, data, hostOffset } of image.extents(0, image.size)) {
    if (depth === 0) map.push({ start, length, present, zero, data, hostOffset });
    start += length;
  }
  return map;
}

function qemuChanges(subject: Subject, random: Random): void {
  const commands: string[] = [];
  for (let i = 0; i < 12; i++) {
    const offset = between(random, 0, SIZE / 512 - 200) * 512;
    const length = between(random, 1, 200) * 512;
    const byte = between(random, 1, 256);
    const zeroes = random() < 0.3;
    commands.push(
      '-c',
      zeroes ? `write -z ${offset} ${length}` : `write -P ${byte} ${offset} ${length}`,
    );
    subject.disk.fill(zeroes ? 0 : byte, offset, offset + length);
  }
  run('qemu-io', '-f', 'qcow2', ...commands, subject.path);
}

const cases = Object.keys(KINDS).flatMap((name) =>
  seeds(1, 40).map((seed) => [name, seed] as const),
);

it.each(cases)('agrees with QEMU on an image of kind "%s" (seed %i)', async (name, seed) => {
  const random = randomFrom(seed);
  const kind = KINDS[name] as Kind;
  const subject = await make(kind, random);
  for (let round = 0; round < 2; round++) {
    qemuChanges(subject, random);
    const { image, close } = await subject.open(false);
    expect(content(image).equals(subject.disk)).toBe(true);
    await new Changes(image, subject.disk, random, !kind.dataFile).run(30);
    await image.settle();
    expect(content(image).equals(subject.disk)).toBe(true);
    close();
    expect(qemuCheck(subject.path)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
    expect(rawContent(subject.path).equals(subject.disk)).toBe(true);
    // QEMU makes the data file whole clusters long.
    if (kind.raw)
      expect(
        fs
          .readFileSync(subject.dataFile as string)
          .subarray(0, SIZE)
          .equals(subject.disk),
      ).toBe(true);
  }
  const reader = await subject.open(true);
  expect(content(reader.image).equals(subject.disk)).toBe(true);
  expect(ourMap(reader.image)).toEqual(qemuMap(subject.path));
  reader.close();
  expect(fs.statSync(subject.path).size).toBeLessThan(20 * MiB + 4 * KiB);
});

const WITH_SNAPSHOTS = ['version 2 overlay', 'extended L2', 'extended L2 overlay', 'zstd overlay'];

it.each(WITH_SNAPSHOTS.flatMap((name) => seeds(1, 40).map((seed) => [name, seed] as const)))(
  'keeps the states of snapshots on an image of kind "%s" (seed %i)',
  async (name, seed) => {
    const random = randomFrom(seed);
    const subject = await make(KINDS[name] as Kind, random);
    const { image, close } = await subject.open(false);
    const changes = new Changes(image, subject.disk, random, true);
    const states: Buffer[] = [];
    for (let round = 0; round < 3; round++) {
      await changes.run(25);
      await image.createSnapshot(`s${round}`, new Date(0));
      states.push(Buffer.from(subject.disk));
    }
    await changes.run(25);
    await image.flush();
    expect(qemuCheck(subject.path)).toMatchObject({ corruptions: 0, errors: 0 });
    for (const round of [1, 0, 2]) {
      await image.applySnapshot(`s${round}`);
      states[round]?.copy(subject.disk);
      expect(content(image).equals(subject.disk)).toBe(true);
      await changes.run(15);
      if (round === 1) await image.deleteSnapshot('s1');
    }
    await image.settle();
    close();
    expect(qemuCheck(subject.path)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
    expect(rawContent(subject.path).equals(subject.disk)).toBe(true);
    run('qemu-img', 'snapshot', '-a', 's0', subject.path);
    expect(rawContent(subject.path).equals(states[0] as Buffer)).toBe(true);
  },
);
