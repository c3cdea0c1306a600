/** The QEMU side: operations by qemu-img and qemu-io, many to a process, and what they say of a file. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { MiB, run } from '../disk.fixture.ts';
import { OTHER_BELOW } from './files.fixture.ts';
import { type ImageStep, type IoStep, SECTOR } from './steps.fixture.ts';

/** A run of equal bytes that a read of the disk must find. */
export interface Run {
  readonly at: number;
  readonly length: number;
  readonly byte: number;
}

/** A run of the disk as `qemu-img map` tells it, without where it lies. */
export interface MapRun {
  readonly start: number;
  readonly length: number;
  readonly depth: number;
  readonly present: boolean;
  readonly zero: boolean;
  readonly data: boolean;
}

/** What qemu-io is to do with an open image: carry out steps, find runs of bytes. */
export type Task = IoStep | ({ readonly op: 'find' } & Run);

/** Does the tasks of each image in turn, in one process. Throws with the first complaint of qemu-io. */
export function stockIo(
  images: readonly (readonly [file: string, tasks: readonly Task[]])[],
): void {
  const commands = images.flatMap(([file, tasks]) => [
    `open -d unmap -o driver=qcow2 ${file}`,
    ...tasks.map(commandOf),
    'close',
  ]);
  const { stdout, stderr, status } = spawnSync('qemu-io', [], {
    input: `${commands.join('\n')}\nquit\n`,
    encoding: 'utf8',
    maxBuffer: 64 * MiB,
  });
  const complaint = `${stdout}${stderr}`.replaceAll('qemu-io> ', '').trim();
  if (complaint === '' && status === 0) return;
  // prompts show at which command it complained
  const at = `${stdout}`.slice(0, stdout.search(/[^qemuio>\- ]/)).split('qemu-io> ').length - 2;
  throw new Error(
    `qemu-io: ${complaint.split('\n')[0]}, exit ${status}, at ${commands[at]}, command ${at} of ${commands.length}`,
  );
}

function commandOf(step: Task): string {
  switch (step.op) {
    case 'write':
      return `write -q -P ${step.byte} ${step.at} ${step.length}`;
    case 'compressed':
      return `write -q -c -P ${step.byte} ${step.at} ${step.length}`;
    case 'zeroes':
      return `write -q -z ${step.unmap ? '-u ' : ''}${step.at} ${step.length}`;
    case 'discard':
      return `discard -q ${step.at} ${step.length}`;
    case 'flush':
      return 'flush';
    case 'find':
      return `read -q -P ${step.byte} ${step.at} ${step.length}`;
  }
}

/** Carries out a step on a closed image. Throws with what qemu-img said. */
export function stockImage(file: string, step: ImageStep): void {
  switch (step.op) {
    case 'reopen':
    case 'swap':
      return;
    case 'snapshot':
      run('qemu-img', 'snapshot', '-c', step.name, file);
      return;
    case 'apply':
      run('qemu-img', 'snapshot', '-a', step.name, file);
      return;
    case 'delete':
      run('qemu-img', 'snapshot', '-d', step.name, file);
      return;
    case 'resize':
      run('qemu-img', 'resize', '-q', '--shrink', '-f', 'qcow2', file, String(step.size));
      return;
    case 'commit':
      run('qemu-img', 'commit', '-q', '-f', 'qcow2', file);
      return;
    case 'rebase': {
      const to = step.to === 'none' ? ['-b', ''] : ['-b', OTHER_BELOW, '-F', 'qcow2'];
      run('qemu-img', 'rebase', '-q', '-f', 'qcow2', ...(step.unsafe ? ['-u'] : []), ...to, file);
      return;
    }
  }
}

export function stockContent(file: string): Buffer {
  const raw = `${file}.raw`;
  run('qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', file, raw);
  const bytes = fs.readFileSync(raw);
  fs.rmSync(raw);
  return bytes;
}

export function stockMap(file: string): MapRun[] {
  return JSON.parse(run('qemu-img', 'map', '--output=json', '-f', 'qcow2', file));
}

/** Runs of equal bytes of at least a sector in `bytes`, which lie at `at` on the disk, as tasks to find them. */
export function runsOf(at: number, bytes: Buffer): Task[] {
  const runs: Task[] = [];
  for (let done = 0; done < bytes.length; ) {
    const byte = bytes[done] as number;
    let end = done + 1;
    while (end < bytes.length && bytes[end] === byte) end++;
    if (end - done >= SECTOR) runs.push({ op: 'find', at: at + done, length: end - done, byte });
    done = end;
  }
  return runs;
}
