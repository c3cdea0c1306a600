/** Image files that benchmarks work on. */
import fs from 'node:fs';
import { createImage, ZonedDevice } from '@zonelab/qcow2-zoned';
import { MIB, run } from './workbench.ts';

const PIECE = 2 * MIB;

/** A sparse raw file, every second piece of 2 MiB filled with bytes that do not compress. */
export function halfFullRaw(file: string, size: number): void {
  const fd = fs.openSync(file, 'wx');
  try {
    fs.ftruncateSync(fd, size);
    for (let at = 0; at < size; at += 2 * PIECE) fs.writeSync(fd, noise(at), 0, PIECE, at);
  } finally {
    fs.closeSync(fd);
  }
}

/** A plain qcow2 file with every cluster mapped, in order, as qemu-img writes it. */
export function fullImage(file: string, size: number): void {
  const raw = `${file}.raw`;
  const fd = fs.openSync(raw, 'wx');
  try {
    for (let at = 0; at < size; at += PIECE) fs.writeSync(fd, noise(at), 0, PIECE, at);
  } finally {
    fs.closeSync(fd);
  }
  run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, file);
  fs.rmSync(raw);
}

/** A plain image with `clusters` of its 64 KiB clusters mapped, evenly over the disk. */
export async function scatteredImage(file: string, size: number, clusters: number): Promise<void> {
  await createImage(file, { size });
  const device = await ZonedDevice.open(file);
  try {
    const step = Math.floor(size / clusters / device.clusterSize) * device.clusterSize;
    const data = Buffer.alloc(4096, 7);
    for (let index = 0; index < clusters; index++) await device.write(index * step, data);
  } finally {
    await device.close();
  }
}

/** Marsaglia's xorshift32 from a seed, so that every run has the same bytes. */
function noise(seed: number): Buffer {
  const words = new Uint32Array(PIECE / 4);
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return Buffer.from(words.buffer);
}
