/**
 * Power loss at random moments of random changes to plain images: overlays, subclusters, compressed clusters, version 2.
 * The judge of the format is qemu-img; the judge of the content is a history kept by the test.
 */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { CrashFile } from '../crash-file.fixture.ts';
import { MiB, qemuCheck, rawContent, run, testDisks } from '../disk.fixture.ts';
import { HostFile } from '../file.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import { RawDisk } from '../raw-disk.ts';
import { Qcow2Image } from './image.ts';

const disks = testDisks();
const SECTOR = 512;
const SIZE = MiB;
const SECTORS = SIZE / SECTOR;

const KINDS: Readonly<Record<string, { options: string; backing: boolean }>> = {
  plain: { options: 'cluster_size=4k', backing: false },
  overlay: { options: 'cluster_size=4k', backing: true },
  'version 2 overlay': { options: 'compat=0.10,cluster_size=4k', backing: true },
  'extended L2': { options: 'extended_l2=on,cluster_size=16k', backing: false },
  'extended L2 overlay': { options: 'extended_l2=on,cluster_size=32k', backing: true },
  'zstd overlay': { options: 'compression_type=zstd,cluster_size=8k', backing: true },
};

/** What a sector held, from which moment on: a tag that fills it, 0 for zeroes. */
type History = { readonly tag: number; readonly moment: number }[];

class Workload {
  readonly histories: History[];
  /** For each acknowledged flush, the moment, and the index of the newest entry of each history when it was asked for. */
  readonly promises: { readonly moment: number; readonly newest: readonly number[] }[] = [];
  #tag = 1000;

  constructor(
    readonly image: Qcow2Image,
    readonly file: CrashFile,
    readonly random: () => number,
    initial: readonly number[],
  ) {
    this.histories = initial.map((tag) => [{ tag, moment: 0 }]);
  }

  async run(steps: number): Promise<void> {
    const flushes: Promise<void>[] = [];
    for (let step = 0; step < steps; step++) {
      const choice = this.random();
      if (choice < 0.45) this.#write();
      else if (choice < 0.6) this.#compress();
      else if (choice < 0.7) this.#erase((at, length) => this.image.writeZeroes(at, length));
      else if (choice < 0.8) this.#unmap();
      else flushes.push(this.#flush());
      if (this.random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(flushes);
  }

  #pick(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from));
  }

  #note(first: number, tags: readonly number[]): void {
    tags.forEach((tag, index) => {
      this.histories[first + index]?.push({ tag, moment: this.file.now });
    });
  }

  /** The moment is taken before the write: a torn one may show any of its sectors from then on. */
  #payload(first: number, count: number): Buffer {
    const tags = Array.from({ length: count }, () => ++this.#tag);
    this.#note(first, tags);
    return payload(tags);
  }

  #write(): void {
    const count = this.#pick(1, this.random() < 0.3 ? 100 : 12);
    const first = this.#pick(0, SECTORS - count);
    this.image.write(first * SECTOR, this.#payload(first, count));
  }

  #compress(): void {
    const { clusterSize } = this.image;
    const cluster = this.#pick(0, SIZE / clusterSize);
    const count = clusterSize / SECTOR;
    const data = this.#payload(cluster * count, count);
    this.image.writeCompressed(cluster * clusterSize, data);
  }

  #erase(erase: (offset: number, length: number) => void): void {
    const count = this.#pick(1, 80);
    const first = this.#pick(0, SECTORS - count);
    this.#note(
      first,
      Array.from({ length: count }, () => 0),
    );
    erase(first * SECTOR, count * SECTOR);
  }

  /** Whole clusters, so that what must read as zeroes is plain. */
  #unmap(): void {
    const { clusterSize } = this.image;
    const per = clusterSize / SECTOR;
    const cluster = this.#pick(0, SIZE / clusterSize);
    this.#note(
      cluster * per,
      Array.from({ length: per }, () => 0),
    );
    this.image.unmap(cluster * clusterSize, clusterSize);
  }

  async #flush(): Promise<void> {
    const newest = this.histories.map((history) => history.length - 1);
    await this.image.flush();
    this.promises.push({ moment: this.file.now, newest });
  }
}

function payload(tags: readonly number[]): Buffer {
  const data = Buffer.alloc(tags.length * SECTOR);
  tags.forEach((tag, index) => {
    for (let at = 0; at < SECTOR; at += 4) data.writeUInt32BE(tag, index * SECTOR + at);
  });
  return data;
}

function tagOf(disk: Buffer, sector: number): number {
  const bytes = disk.subarray(sector * SECTOR, (sector + 1) * SECTOR);
  const tag = bytes.readUInt32BE(0);
  if (!bytes.equals(payload([tag]))) throw new Error(`sector ${sector} is torn`);
  return tag;
}

function judge({ histories, promises }: Workload, disk: Buffer, moment: number): void {
  const promised = promises.filter((promise) => promise.moment <= moment).at(-1);
  histories.forEach((history, sector) => {
    const possible = history
      .slice(promised?.newest[sector] ?? 0)
      .filter((entry) => entry.moment <= moment)
      .map(({ tag }) => tag);
    const found = tagOf(disk, sector);
    if (!possible.includes(found))
      throw new Error(`sector ${sector} holds ${found} at ${moment}, not one of ${possible}`);
  });
}

const raw = (path: string): RawDisk => new RawDisk(HostFile.open(path, { readOnly: true }), true);

it.each(Object.keys(KINDS).flatMap((name) => seeds(1, 150).map((seed) => [name, seed] as const)))(
  'keeps what a flush acknowledged on an image of kind "%s" (seed %i)',
  async (name, seed) => {
    const random = randomFrom(seed);
    const { options, backing } = KINDS[name] as (typeof KINDS)[string];
    const path = disks.path();
    const words = ['create', '-q', '-f', 'qcow2', '-o', options];
    const initial = Array.from({ length: SECTORS }, (_, i) => (backing && i < 700 ? i + 1 : 0));
    const base = `${path}.base`;
    if (backing) {
      fs.writeFileSync(base, payload(initial));
      words.push('-b', base, '-F', 'raw');
    }
    run('qemu-img', ...words, path, `${SIZE}`);
    const file = new CrashFile(path);
    const image = await Qcow2Image.open(file, false, backing ? { backing: raw(base) } : {});
    const workload = new Workload(image, file, random, initial);
    await workload.run(100);
    for (let crash = 0; crash < 4; crash++) {
      const moment = Math.floor(random() * (file.now + 1));
      const share = [0, 1, random()][Math.floor(random() * 3)] as number;
      fs.writeFileSync(
        path,
        file.stateAt(moment, () => random() < share),
      );
      expect(qemuCheck(path)).toMatchObject({ corruptions: 0, errors: 0 });
      judge(workload, rawContent(path), moment);
    }
  },
);
