/** Disks for tests: a folder that goes away, images in it, and what stock QEMU tools say of them. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { type CreateOptions, createImage } from './create.ts';

export const KiB = 1024;
export const MiB = 1024 * KiB;

/** A folder for the tests of one file; names are taken once each. */
export function testDisks(): { create(options: CreateOptions): Promise<string>; path(): string } {
  let directory = '';
  let count = 0;
  beforeAll(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'zonelab-disks-'));
  });
  afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));
  const next = (): string => path.join(directory, `disk-${count++}.qcow2`);
  return {
    path: next,
    create: async (options) => {
      const file = next();
      await createImage(file, options);
      return file;
    },
  };
}

/** Runs a tool; returns its output, or throws with what it said. */
export function run(tool: string, ...words: string[]): string {
  const result = spawnSync(tool, words, { maxBuffer: 256 * MiB });
  const output = `${result.stdout}${result.stderr}`;
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0)
    throw new Error(`${tool} ${words.join(' ')}: ${result.status}: ${output}`);
  return output;
}

/** What `qemu-img check` counts; leaks make it exit with 3, and are no failure here. */
export function qemuCheck(file: string): { corruptions: number; leaks: number; errors: number } {
  const { stdout } = spawnSync('qemu-img', ['check', '--output=json', '-f', 'qcow2', file]);
  const report = JSON.parse(stdout.toString());
  return {
    corruptions: report.corruptions ?? 0,
    leaks: report.leaks ?? 0,
    errors: report['check-errors'] ?? 0,
  };
}

/** The disk's content as stock QEMU reads it. */
export function rawContent(file: string): Buffer {
  run('qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', file, `${file}.raw`);
  return fs.readFileSync(`${file}.raw`);
}
