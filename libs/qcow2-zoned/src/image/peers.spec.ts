/**
 * Faults that were found in other implementations of qcow2, each as a test of this one; stock QEMU is the judge. Those
 * with tests elsewhere: unknown incompatible bits (format/header.spec.ts), the lazy refcounts bit, zero clusters with a
 * place past the end of the file, zero flags in version 2 (format/format-document.spec.ts), two writers (open.spec.ts).
 */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { KiB, MiB, qemuCheck, rawContent, run, testDisks } from '../disk.fixture.ts';
import { inspectImage } from '../info.ts';
import { type OpenedDisk, openDisk } from '../open.ts';
import { resizeDisk } from '../operations/resize.ts';

const disks = testDisks();
const SOUND = { corruptions: 0, leaks: 0, errors: 0 };
const OFFSET = 0x00ff_ffff_ffff_fe00n;

function made(size: string, options: string, ...commands: string[]): string {
  const file = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', options, file, size);
  if (commands.length > 0) run('qemu-io', ...commands.flatMap((command) => ['-c', command]), file);
  return file;
}

async function writing(file: string, work: (disk: OpenedDisk) => unknown): Promise<void> {
  const disk = await openDisk(file);
  try {
    await work(disk);
  } finally {
    await disk.close();
  }
}

/** The entries of the first L2 table. */
function l2Entries(file: string, count: number): bigint[] {
  const bytes = fs.readFileSync(file);
  const l2 = Number(bytes.readBigUInt64BE(Number(bytes.readBigUInt64BE(40))) & OFFSET);
  return Array.from({ length: count }, (_, index) => bytes.readBigUInt64BE(l2 + 8 * index));
}

/** cloud-hypervisor 8606. */
it('never gives the clusters of L2 tables away that left the cache', async () => {
  const file = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', 'cluster_size=2M', file, '24T');
  const SPAN = 2 * MiB * ((2 * MiB) / 8);
  // many more tables than the cache holds, each used twice, with its cluster's neighbours in between
  await writing(file, async (disk) => {
    for (const round of [0, 1])
      for (let table = 0; table < 40; table++) {
        disk.write(table * SPAN + round * 2 * MiB, Buffer.alloc(4 * KiB, table + 1 + 100 * round));
        if (disk.image?.crowded) await disk.flush();
      }
  });
  expect(qemuCheck(file)).toEqual(SOUND);
  const reads = Array.from({ length: 40 }, (_, table) => [
    ...['-c', `read -q -P ${table + 1} ${table * SPAN} 4k`],
    ...['-c', `read -q -P ${table + 101} ${table * SPAN + 2 * MiB} 4k`],
  ]);
  expect(run('qemu-io', '-r', ...reads.flat(), file)).toBe('');
});

/** cloud-hypervisor 8624. */
it('leaves no hole in a cluster that was freed and taken again', async () => {
  const file = made('8M', 'cluster_size=64k');
  const expected = Buffer.alloc(8 * MiB);
  await writing(file, async (disk) => {
    for (let round = 1; round <= 60; round++) {
      const at = ((round * 7) % 128) * 64 * KiB;
      const gone = ((round * 13) % 128) * 64 * KiB;
      disk.write(at, Buffer.alloc(64 * KiB, round));
      expected.fill(round, at, at + 64 * KiB);
      disk.unmap(gone, 64 * KiB);
      expected.fill(0, gone, gone + 64 * KiB);
      if (round % 3 === 0) await disk.flush();
    }
  });
  expect(rawContent(file).equals(expected)).toBe(true);
  expect(qemuCheck(file)).toEqual(SOUND);
});

/** cloud-hypervisor 8558. */
it('keeps the kind of compression, and what is compressed, through a resize', async () => {
  const raw = disks.path();
  fs.writeFileSync(raw, Buffer.alloc(2 * MiB, 'compressible'));
  const file = disks.path();
  const options = ['-c', '-f', 'raw', '-O', 'qcow2', '-o', 'compression_type=zstd'];
  run('qemu-img', 'convert', ...options, raw, file);
  for (const size of [5 * MiB, 3 * MiB, 40 * MiB])
    await writing(file, (disk) => resizeDisk(disk, size));
  expect((await inspectImage(file)).compressionType).toBe('zstd');
  expect(
    rawContent(file)
      .subarray(0, 2 * MiB)
      .equals(fs.readFileSync(raw)),
  ).toBe(true);
  expect(qemuCheck(file)).toEqual(SOUND);
});

/** cloud-hypervisor 4762. */
it.each(
  ['cluster_size=512', 'cluster_size=4k', 'cluster_size=16k,extended_l2=on'].flatMap((options) =>
    [-512, 0, 512].map((past) => ({ options, past })),
  ),
)(
  'maps the last sector where L1 entries end: $options, $past bytes past',
  async ({ options, past }) => {
    const clusterSize = Number(/\d+/.exec(options)?.[0]) * (options.includes('k') ? KiB : 1);
    const span = clusterSize * (clusterSize / (options.includes('extended') ? 16 : 8));
    const size = 3 * span + past;
    for (const end of [size, size - span]) {
      const file = made(`${size}`, options);
      await writing(file, (disk) => disk.write(end - 512, Buffer.alloc(512, 9)));
      expect(run('qemu-io', '-r', '-c', `read -q -P 9 ${end - 512} 512`, file)).toBe('');
      expect(qemuCheck(file)).toEqual(SOUND);
    }
  },
);

/** openvmm 4347. */
it('changes no flag of the other entries of a table that it writes an entry of', async () => {
  const writes = ['write -q -P 1 0 256k', 'write -q -z 64k 64k', 'write -q -z -u 128k 64k'];
  const file = made('8M', 'cluster_size=64k', ...writes);
  run('qemu-img', 'snapshot', '-c', 'kept', file);
  run('qemu-io', '-c', 'write -q -P 2 512k 64k', file);
  const before = l2Entries(file, 16);
  await writing(file, (disk) => disk.write(640 * KiB, Buffer.alloc(4 * KiB, 3)));
  const after = l2Entries(file, 16);
  expect(after.map((entry, index) => (index === 10 ? 0n : entry))).toEqual(before);
  expect(before.some((entry) => (entry & 1n) === 1n)).toBe(true);
  expect(before.some((entry) => entry !== 0n && entry >> 63n === 0n)).toBe(true);
  expect(qemuCheck(file)).toEqual(SOUND);
  run('qemu-img', 'snapshot', '-a', 'kept', file);
  expect(run('qemu-io', '-c', 'read -q -P 1 192k 64k', '-c', 'read -q -P 0 64k 64k', file)).toBe(
    '',
  );
});

/** overlaybd 407: the length of compressed data has another place for each size of cluster. */
it.each(['512', '4k', '64k', '2M'])('reads compressed clusters of %s', async (clusterSize) => {
  const raw = disks.path();
  const content = Buffer.alloc(5 * MiB);
  for (let at = 0; at < content.length; at += 64)
    content.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
  fs.writeFileSync(raw, content);
  const file = disks.path();
  const options = ['-c', '-f', 'raw', '-O', 'qcow2', '-o', `cluster_size=${clusterSize}`];
  run('qemu-img', 'convert', ...options, raw, file);
  const disk = await openDisk(file, { readOnly: true });
  const read = Buffer.alloc(content.length);
  disk.read(0, read);
  disk.abandon();
  expect(read.equals(content)).toBe(true);
});

/** @xen-orchestra/qcow2: in version 2, extensions begin where version 3 has its feature bits. */
it('takes the extensions of a version 2 header for no feature bits', async () => {
  const base = made('1M', 'cluster_size=64k', 'write -q -P 5 0 64k');
  const file = disks.path();
  const backing = ['-b', base, '-F', 'qcow2'];
  run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', 'compat=0.10', ...backing, file);
  expect(fs.readFileSync(file).readUInt32BE(72)).not.toBe(0);
  await writing(file, (disk) => {
    const read = Buffer.alloc(64 * KiB);
    disk.read(0, read);
    expect(read.equals(Buffer.alloc(64 * KiB, 5))).toBe(true);
    disk.write(4 * KiB, Buffer.alloc(KiB, 6));
  });
  expect(await inspectImage(file)).toMatchObject({ version: 2, dirty: false, corrupt: false });
  expect(run('qemu-io', '-c', 'read -q -P 6 4k 1k', '-c', 'read -q -P 5 0 4k', file)).toBe('');
  expect(qemuCheck(file)).toEqual(SOUND);
});
