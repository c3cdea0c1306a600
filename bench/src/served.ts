/** NBD servers that run for one measurement, and what fio says of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Readings } from './figure.ts';
import { GIB, MIB, run } from './workbench.ts';

const READY_WITHIN_MS = 30_000;
const RETRY_MS = 5;
/** Linux counts processor time in hundredths of a second (USER_HZ). */
const TICKS_PER_SECOND = 100;
const NS_PER_MS = 1e6;

export interface Job {
  /** fio's name of it: `randread`, `write`, … */
  readonly pattern: string;
  readonly blockBytes: number;
  readonly depth: number;
  /** Seconds to run; the disk is gone over as often as it takes. */
  readonly seconds?: number;
  /** Or bytes from the start, once. */
  readonly bytes?: number;
  /** Each for itself, and all for one figure. */
  readonly connections?: number;
  /** Where each begins: so far behind the one before it. */
  readonly apartBytes?: number;
}

type Command = readonly [string, ...string[]];

/** Starts the server, lets fio drive it, ends it: rate, bandwidth, tail latency, processor time. */
export function serveAndDrive(socket: string, command: Command, job: Job): Promise<Readings> {
  return serving(socket, command, (used) => {
    const { bytes = Number.NaN, ...rest } = drive(socket, job);
    return { ...rest, processor: used() / (bytes / GIB) };
  });
}

/** The same with nbdcopy, from `uri` to a file, or to `null:`; seconds and processor time. */
export function serveAndCopy(
  socket: string,
  command: Command,
  uri: string,
  target: string,
): Promise<Readings> {
  return serving(socket, command, (used) => {
    const size = Number(run('nbdinfo', '--size', uri));
    const start = performance.now();
    run('nbdcopy', uri, target);
    const seconds = (performance.now() - start) / 1000;
    return { seconds, processor: used() / (size / GIB) };
  });
}

/** Runs the server for as long as `work` takes, which can ask for the processor seconds used since it began. */
async function serving(
  socket: string,
  [command, ...words]: Command,
  work: (used: () => number) => Readings,
): Promise<Readings> {
  const server = spawn(command, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  server.stderr.on('data', (text) => {
    complaints += text;
  });
  const ended = once(server, 'exit');
  try {
    await ready(server, socket, () => complaints);
    const before = processorSeconds(server.pid as number);
    return work(() => processorSeconds(server.pid as number) - before);
  } finally {
    server.kill('SIGTERM');
    await ended;
    fs.rmSync(socket, { force: true });
  }
}

/** Waits until the socket takes connections. */
async function ready(server: ChildProcess, socket: string, said: () => string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    if (server.exitCode !== null) throw new Error(`${server.spawnfile}: ended: ${said()}`);
    const client = net.connect(socket);
    try {
      await once(client, 'connect');
      return;
    } catch {
      await wait(RETRY_MS);
    } finally {
      client.destroy();
    }
  }
  throw new Error(`${server.spawnfile}: not ready within ${READY_WITHIN_MS} ms: ${said()}`);
}

function drive(socket: string, job: Job): Readings {
  const { pattern, blockBytes, depth, seconds, bytes, connections = 1, apartBytes = 0 } = job;
  const span = bytes === undefined ? ['--time_based', `--runtime=${seconds}`] : [`--size=${bytes}`];
  const text = run(
    'fio',
    '--name=job',
    '--ioengine=nbd',
    `--uri=nbd+unix:///?socket=${socket}`,
    `--rw=${pattern}`,
    `--bs=${blockBytes}`,
    `--iodepth=${depth}`,
    '--randrepeat=1',
    '--output-format=json',
    `--numjobs=${connections}`,
    '--group_reporting',
    ...(connections > 1 ? [`--offset_increment=${apartBytes}`] : []),
    ...span,
  );
  // fio's nbd engine may print lines of its own before the report
  const { jobs } = JSON.parse(text.slice(text.indexOf('{')));
  const side = pattern.includes('read') ? jobs[0].read : jobs[0].write;
  return {
    rate: side.iops,
    bandwidth: side.bw_bytes / MIB,
    p99: side.clat_ns.percentile['99.000000'] / NS_PER_MS,
    bytes: side.io_bytes,
  };
}

/** User and system time of a process so far. */
function processorSeconds(pid: number): number {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // fields 14 and 15 of proc(5), counted from 1; the first here is field 3
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
