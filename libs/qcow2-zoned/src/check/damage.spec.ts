/** Our check beside stock QEMU's, on images of many kinds with random damage. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ImageError } from '../errors.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import { checkImage } from './check.ts';
import { damaged, stockImages } from './damage.fixture.ts';

let folder: string;
let images: Map<string, Buffer>;

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'zonelab-damage-'));
  images = stockImages(folder);
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** Differences that are meant: where QEMU refuses to open what we can still check, and the other way round. */
const EXPLAINED: readonly { said: RegExp; why: string }[] = [
  {
    said: /Could not read bitmap_table|Could not open .*bitmap/i,
    why: 'QEMU loads bitmaps before it checks, and refuses the image; we count the entry as a corruption',
  },
  {
    said: /ERROR snapshot .* is past 2\^53 - 1/,
    why: 'an offset or size past 2^53 makes the whole snapshot table unreadable to us, so that the check fails',
  },
];

interface Verdict {
  readonly exit: number;
  readonly counts: readonly number[];
  readonly said: string;
}

async function ours(file: string): Promise<Verdict> {
  try {
    const report = await checkImage(file, { shared: true });
    const { corruptions, leaks, checkErrors } = report;
    const exit = checkErrors > 0 ? 1 : corruptions > 0 ? 2 : leaks > 0 ? 3 : 0;
    const { allocatedClusters, fragmentedClusters, compressedClusters, imageEndOffset } = report;
    const counts = [corruptions, leaks, allocatedClusters, fragmentedClusters, compressedClusters];
    const said = report.findings.map(({ message }) => message).join('\n');
    return { exit, counts: exit === 1 ? [] : [...counts, imageEndOffset], said };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return { exit: 1, counts: [], said: error.message };
  }
}

/** Undefined where QEMU itself dies of the image, as 7.2 does of some. */
function stock(file: string): Verdict | undefined {
  const { stdout, stderr, status } = spawnSync(
    'qemu-img',
    ['check', '--output=json', '-f', 'qcow2', file],
    {
      encoding: 'utf8',
    },
  );
  if (status === null) return undefined;
  if (status === 1) return { exit: 1, counts: [], said: stderr };
  const report = JSON.parse(stdout);
  const keys = [
    'corruptions',
    'leaks',
    'allocated-clusters',
    'fragmented-clusters',
    'compressed-clusters',
    'image-end-offset',
  ];
  return { exit: status, counts: keys.map((key) => report[key] ?? 0), said: stderr };
}

it('counts like stock QEMU on sound images of every kind', async () => {
  for (const [kind, image] of images) {
    const file = path.join(folder, 'sound.qcow2');
    fs.writeFileSync(file, image);
    const [mine, theirs] = [await ours(file), stock(file)];
    expect({ kind, ...mine }).toEqual({ kind, ...theirs, said: '' });
  }
});

it.each(seeds(8, 400))('counts like stock QEMU whatever is damaged (seed %i)', async (seed) => {
  const random = randomFrom(seed);
  for (const [kind, image] of images) {
    const { bytes, what } = damaged(image, random);
    const file = path.join(folder, 'damaged.qcow2');
    fs.writeFileSync(file, bytes);
    const [mine, theirs] = [await ours(file), stock(file)];
    if (theirs === undefined) continue;
    if (EXPLAINED.some(({ said }) => said.test(theirs.said) || said.test(mine.said))) continue;
    const place = `${kind}, ${what}\nours: ${mine.said}\nstock: ${theirs.said}`;
    expect({ place, exit: mine.exit, counts: mine.counts }).toEqual({
      place,
      exit: theirs.exit,
      counts: theirs.counts,
    });
  }
});
