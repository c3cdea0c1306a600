/** The files that a disk is made of: the image, the chain below it, its data file. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { run } from '../disk.fixture.ts';
import { randomFrom } from '../random.fixture.ts';
import { type Choice, createWords } from './options.fixture.ts';
import { SECTOR } from './steps.fixture.ts';

/** An image beside the chain, to put the disk on. */
export const OTHER_BELOW = 'other';

const WRITES_BELOW = 6;

/** Formats of the files below the image, the nearest first. */
export function chainOf({ backing }: Choice): ('qcow2' | 'raw')[] {
  return backing === 'none' ? [] : (backing.split(',') as ('qcow2' | 'raw')[]);
}

/** Name of a file below the image, in its folder. */
export function nameBelow(index: number): string {
  return `below-${index}`;
}

export function dataFileOf(image: string): string {
  return `${image}.data`;
}

/** Makes the image with everything below it in a folder of its own, by QEMU. The same from the same seed. */
export function stockCreate(image: string, choice: Choice, size: number, seed: number): void {
  const folder = path.dirname(image);
  fs.mkdirSync(folder);
  const chain = chainOf(choice);
  const random = randomFrom(seed);
  for (let index = chain.length - 1; index >= 0; index--) {
    const options = index + 1 < chain.length ? under(index + 1, chain) : [];
    createIn(folder, chain[index] as string, options, nameBelow(index), sizeBelow(choice, size));
    fill(path.join(folder, nameBelow(index)), chain[index] as string, random);
  }
  if (chain.length > 0) {
    createIn(folder, 'qcow2', [], OTHER_BELOW, sizeBelow(choice, size));
    fill(path.join(folder, OTHER_BELOW), 'qcow2', random);
  }
  const data =
    choice.dataFile === 'none'
      ? []
      : [
          `data_file=${dataFileOf(image)}`,
          `data_file_raw=${choice.dataFile === 'raw' ? 'on' : 'off'}`,
        ];
  const words = ['-o', [createWords(choice), ...data].join(','), ...under(0, chain)];
  createIn(folder, 'qcow2', words, path.basename(image), size);
}

/** A relative name is looked for beside the image; QEMU does so from its working directory while it creates. */
function createIn(
  folder: string,
  format: string,
  words: string[],
  name: string,
  size: number,
): void {
  const all = ['create', '-q', '-f', format, ...words, name, String(size)];
  const { status, stderr } = spawnSync('qemu-img', all, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`qemu-img ${all.join(' ')}: ${stderr}`);
}

function under(index: number, chain: readonly string[]): string[] {
  const format = chain[index];
  return format === undefined ? [] : ['-b', nameBelow(index), '-F', format];
}

function sizeBelow({ backingSize }: Choice, size: number): number {
  if (backingSize === 'same') return size;
  const part = backingSize === 'shorter' ? size * 0.6 : size * 1.4;
  return Math.floor(part / SECTOR) * SECTOR;
}

function fill(file: string, format: string, random: () => number): void {
  const size = Number(
    JSON.parse(run('qemu-img', 'info', '--output=json', '-f', format, file))['virtual-size'],
  );
  const commands = Array.from({ length: WRITES_BELOW }, (_, index) => {
    const at = Math.floor((random() * size) / SECTOR) * SECTOR;
    const length = Math.min(size - at, SECTOR * (1 + Math.floor(random() * 600)));
    if (format === 'qcow2' && index === WRITES_BELOW - 1) return `write -q -z ${at} ${length}`;
    return `write -q -P ${1 + Math.floor(random() * 255)} ${at} ${length}`;
  });
  run('qemu-io', '-f', format, ...commands.flatMap((command) => ['-c', command]), file);
}
