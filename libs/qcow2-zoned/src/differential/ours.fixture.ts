/** Our side: the same operations through the library. */
import path from 'node:path';
import { checkImage } from '../check/check.ts';
import { createImage } from '../create.ts';
import type { Qcow2Image } from '../image/image.ts';
import { type OpenedDisk, openDisk } from '../open.ts';
import { imageOf, nameBacking } from '../operations/backing-chain.ts';
import { commitDisk } from '../operations/commit.ts';
import { rebaseDisk } from '../operations/rebase.ts';
import { resizeDisk } from '../operations/resize.ts';
import { chainOf, dataFileOf, nameBelow, OTHER_BELOW } from './files.fixture.ts';
import type { Choice } from './options.fixture.ts';
import { type ImageStep, type IoStep, SECTOR } from './steps.fixture.ts';
import { runsOf, type Task } from './stock.fixture.ts';

type RebaseStep = Extract<ImageStep, { op: 'rebase' }>;
type CompressedStep = Extract<IoStep, { op: 'compressed' }>;

/** Bytes around a step's range that are looked at too. */
const MARGIN = 2 * SECTOR;

/** Carries out the steps. Returns them with, after each, what the disk then shows around it. */
export async function ourIo(file: string, steps: readonly IoStep[]): Promise<Task[]> {
  const disk = await openDisk(file, { format: 'qcow2' });
  try {
    const tasks: Task[] = [];
    for (const step of steps) {
      await act(disk, step);
      tasks.push(step, ...(await lookAround(disk, step)));
    }
    return tasks;
  } finally {
    await disk.close();
  }
}

async function act(disk: OpenedDisk, step: IoStep): Promise<void> {
  switch (step.op) {
    case 'write':
      return disk.write(step.at, Buffer.alloc(step.length, step.byte));
    case 'compressed':
      return writeCompressed(disk, step);
    case 'zeroes':
      return disk.writeZeroes(step.at, step.length);
    case 'discard':
      return disk.unmap(step.at, step.length);
    case 'flush':
      return disk.flush();
  }
}

function writeCompressed(disk: OpenedDisk, { at, length, byte }: CompressedStep): void {
  const image = disk.image as Qcow2Image;
  for (let done = 0; done < length; done += image.clusterSize) {
    // the cluster that the disk ends in is whole, with zeroes past the end
    const cluster = Buffer.alloc(image.clusterSize);
    cluster.fill(byte, 0, Math.min(cluster.length, length - done));
    image.writeCompressed(at + done, cluster);
  }
}

async function lookAround(disk: OpenedDisk, step: IoStep): Promise<Task[]> {
  if (step.op === 'flush') return [];
  const from = Math.max(0, step.at - MARGIN);
  const to = Math.min(disk.size, step.at + step.length + MARGIN);
  const bytes = Buffer.alloc(to - from);
  disk.read(from, bytes);
  return runsOf(from, bytes);
}

export function ourCreate(file: string, choice: Choice, size: number): Promise<void> {
  const [below] = chainOf(choice);
  return createImage(file, {
    size,
    clusterSize: choice.clusterSize,
    version: choice.compat === '1.1' ? 3 : 2,
    refcountBits: choice.refcountBits,
    lazyRefcounts: choice.lazyRefcounts === 'on',
    extendedL2: choice.extendedL2 === 'on',
    compressionType: choice.compression,
    preallocation: choice.preallocation,
    backing: below && { file: nameBelow(0), format: below },
    ...(choice.dataFile !== 'none' && {
      dataFile: { file: dataFileOf(file), raw: choice.dataFile === 'raw' },
    }),
    overwrite: true,
  });
}

/** Carries out a step on a closed image. */
export async function ourImage(file: string, step: ImageStep): Promise<void> {
  if (step.op === 'reopen' || step.op === 'swap') return;
  if (step.op === 'commit') return commitDisk(file, { format: 'qcow2' });
  const disk = await openDisk(file, { format: 'qcow2' });
  const image = disk.image as Qcow2Image;
  try {
    switch (step.op) {
      case 'snapshot':
        return await image.createSnapshot(step.name, new Date(0));
      case 'apply':
        return await image.applySnapshot(step.name);
      case 'delete':
        return await image.deleteSnapshot(step.name);
      case 'resize':
        return await resizeDisk(disk, step.size);
      case 'rebase':
        return await rebase(disk, step);
    }
  } finally {
    await disk.close();
  }
}

async function rebase(disk: OpenedDisk, { to, unsafe }: RebaseStep): Promise<void> {
  const backing = to === 'none' ? undefined : ({ file: OTHER_BELOW, format: 'qcow2' } as const);
  if (unsafe) return nameBacking(imageOf(disk), backing);
  const other = path.join(path.dirname(disk.path), OTHER_BELOW);
  const newBacking = backing && (await openDisk(other, { format: 'qcow2', readOnly: true }));
  try {
    await rebaseDisk(disk, { backing, newBacking });
  } finally {
    await newBacking?.close();
  }
}

/** The disk as our engine reads it. */
export async function ourContent(file: string): Promise<Buffer> {
  const disk = await openDisk(file, { format: 'qcow2', readOnly: true });
  try {
    const bytes = Buffer.alloc(disk.size);
    disk.read(0, bytes);
    return bytes;
  } finally {
    await disk.close();
  }
}

/** What our check finds wrong, in words. */
export async function ourFindings(file: string): Promise<string[]> {
  return (await checkImage(file)).findings.map(({ message }) => message);
}
