/** One client over NBD on a Unix socket, everything in the page cache: what the server itself costs. */
import fs from 'node:fs';
import path from 'node:path';
import { createImage } from '@zonelab/qcow2-zoned';
import type { Figure, Quantity, Side } from '../figure.ts';
import { fullImage, halfFullRaw } from '../images.ts';
import { type Job, serveAndCopy, serveAndDrive } from '../served.ts';
import { type Benchmark, GIB, KIB, MIB, run, type Workbench } from '../workbench.ts';

/** Fewer than elsewhere: there are many courses, and each starts three servers. */
const TURNS = 5;

type Peer = 'qemu-nbd' | 'nbdkit file';

interface Course {
  readonly name: string;
  readonly job: Job;
  /** Small requests are counted, large ones weighed. */
  readonly by: 'rate' | 'bandwidth';
  readonly goal: number;
  /** Whether the disk has zones, and is new for every run. */
  readonly zoned?: true;
  readonly peer?: Peer;
  /** One of its kind, which a tiny run takes. */
  readonly tiny?: true;
}

type Command = [string, ...string[]];

export const nbd: Benchmark = {
  name: 'nbd',
  about: 'zonelab nbd beside qemu-nbd and nbdkit, fio and nbdcopy on a Unix socket, 1 GiB cached',
  tools: ['qemu-img', 'qemu-nbd', 'nbdkit', 'nbdcopy', 'fio', 'openssl'],
  async run(bench) {
    const size = bench.size(GIB, 8 * MIB);
    const full = bench.path('full.qcow2');
    fullImage(full, size);
    const raw = bench.path('full.raw');
    run('qemu-img', 'convert', '-O', 'raw', full, raw);
    const figures: Figure[] = [];
    const courses = coursesOf(bench);
    // each needs three servers, and takes its time also where it measures nothing
    const chosen = bench.size(
      courses,
      courses.filter(({ tiny }) => tiny),
    );
    for (const course of chosen) figures.push(...(await drive(bench, course, { full, raw, size })));
    figures.push(...(await copyHalfFull(bench, size)));
    figures.push(...(await copyOverTls(bench, full)));
    return figures;
  },
};

function coursesOf(bench: Workbench): readonly Course[] {
  const seconds = bench.size(1, 0.1);
  const small = { blockBytes: 4 * KIB, depth: 32 };
  const large = { blockBytes: MIB, depth: 8 };
  const randomRead = { pattern: 'randread', ...small, seconds };
  const randomWrite = { pattern: 'randwrite', ...small, seconds };
  const into = (bytes: number) => ({ pattern: 'write', ...small, bytes: bytes * MIB });
  const read = { pattern: 'read', ...large, seconds };
  const write = { pattern: 'write', ...large, seconds };
  const four = (job: Job): Job => ({ ...job, connections: 4 });
  const [rate, bandwidth] = [{ by: 'rate' }, { by: 'bandwidth' }] as const;
  const zones = { ...rate, zoned: true } as const;
  const kit = { ...rate, peer: 'nbdkit file' } as const;
  const fourth = bench.size(64, 1);
  return [
    { name: '4 KiB random read, depth 32', job: randomRead, ...rate, goal: 3, tiny: true },
    { name: '4 KiB random write, depth 32', job: randomWrite, ...rate, goal: 1 },
    {
      name: '4 KiB sequential write into zones, depth 32',
      job: into(bench.size(128, 1)),
      ...zones,
      goal: 2.5,
    },
    { name: '1 MiB sequential read, depth 8', job: read, ...bandwidth, goal: 1.2 },
    { name: '1 MiB sequential write, depth 8', job: write, ...bandwidth, goal: 1.2 },
    { name: '4 KiB random read, 4 connections', job: four(randomRead), ...rate, goal: 1 },
    {
      name: '4 KiB sequential write into zones, 4 connections',
      job: four(into(fourth)),
      ...zones,
      goal: 1,
      tiny: true,
    },
    { name: '1 MiB sequential read, 4 connections', job: four(read), ...bandwidth, goal: 1 },
    { name: '1 MiB sequential write, 4 connections', job: four(write), ...bandwidth, goal: 1 },
    { name: '4 KiB random read, qcow2 beside raw', job: randomRead, ...kit, goal: 1, tiny: true },
    { name: '4 KiB random write, qcow2 beside raw', job: randomWrite, ...kit, goal: 1 },
  ];
}

async function drive(
  bench: Workbench,
  { name, job, by, goal, zoned, peer = 'qemu-nbd' }: Course,
  { full, raw, size }: { full: string; raw: string; size: number },
): Promise<Figure[]> {
  const socket = bench.path('nbd.sock');
  const fresh = async () => {
    const file = bench.path('zoned.qcow2');
    fs.rmSync(file, { force: true });
    await createImage(file, { size, zoned: { profile: 'zbc', zoneSize: bench.size(64, 1) * MIB } });
    return file;
  };
  const server = (label: string, words: (file: string) => Command): Side => ({
    name: label,
    run: async () =>
      serveAndDrive(socket, words(zoned ? await fresh() : full), {
        ...job,
        apartBytes: size / (job.connections ?? 1),
      }),
  });
  const peers: Record<Peer, Side> = {
    'qemu-nbd': server('qemu-nbd', (file) => qemuNbd(socket, file)),
    'nbdkit file': server('nbdkit file', () => ['nbdkit', '-f', '-U', socket, 'file', raw]),
  };
  return bench.compare(
    {
      ours: server('zonelab nbd', (file) => [bench.zonelab, 'nbd', file, '--socket', socket]),
      peer: peers[peer],
      limit: server('nbdkit null', () => ['nbdkit', '-f', '-U', socket, 'null', `size=${size}`]),
      quantities: [
        {
          key: by,
          name,
          unit: by === 'rate' ? '1/s' : 'MiB/s',
          better: 'higher',
          goal: { ratio: goal },
        },
        { key: 'p99', name: `${name}: 99th percentile`, unit: 'ms', better: 'lower' },
        processor(name),
      ],
    },
    TURNS,
  );
}

/** Both ends of qemu-nbd's sharing as ours has it: as many clients as come. */
function qemuNbd(socket: string, file: string, ...more: string[]): Command {
  return ['qemu-nbd', '-t', '-e', '16', '-f', 'qcow2', '-k', socket, ...more, file];
}

function copyHalfFull(bench: Workbench, size: number): Promise<Figure[]> {
  const [raw, file] = [bench.path('half.raw'), bench.path('half.qcow2')];
  halfFullRaw(raw, size);
  run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, file);
  const socket = bench.path('nbd.sock');
  const uri = `nbd+unix:///?socket=${socket}`;
  const target = bench.path('copied.raw');
  return copying(bench, 'nbdcopy of a half-full image', {
    ours: () => serveAndCopy(socket, [bench.zonelab, 'nbd', file, '--socket', socket], uri, target),
    peer: () => serveAndCopy(socket, qemuNbd(socket, file), uri, target),
  });
}

function copyOverTls(bench: Workbench, file: string): Promise<Figure[]> {
  const certificates = bench.path('tls');
  makeCertificates(certificates);
  const socket = bench.path('nbd.sock');
  const uri = `nbds+unix://localhost/?socket=${socket}&tls-certificates=${certificates}`;
  const tls = ['--tls-dir', certificates];
  const creds = `tls-creds-x509,id=t,endpoint=server,verify-peer=yes,dir=${certificates}`;
  const peer = qemuNbd(socket, file, '--object', creds, '--tls-creds', 't');
  const ours: Command = [bench.zonelab, 'nbd', file, '--socket', socket, ...tls];
  return copying(bench, 'nbdcopy of a full image over TLS', {
    ours: () => serveAndCopy(socket, ours, uri, 'null:'),
    peer: () => serveAndCopy(socket, peer, uri, 'null:'),
  });
}

function copying(
  bench: Workbench,
  name: string,
  { ours, peer }: { ours: Side['run']; peer: Side['run'] },
): Promise<Figure[]> {
  return bench.compare(
    {
      ours: { name: 'zonelab nbd', run: ours },
      peer: { name: 'qemu-nbd', run: peer },
      quantities: [
        { key: 'seconds', name, unit: 's', better: 'lower', goal: { ratio: 1 } },
        processor(name),
      ],
    },
    TURNS,
  );
}

function processor(name: string): Quantity {
  return {
    key: 'processor',
    name: `${name}: server's processor time`,
    unit: 's/GiB',
    better: 'lower',
  };
}

/** An authority, and one certificate of it for both sides, in the names that libnbd and QEMU use. */
function makeCertificates(folder: string): void {
  fs.mkdirSync(folder);
  const at = (name: string) => path.join(folder, name);
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const make = (name: string, ...words: string[]) => {
    const out = ['-keyout', at(`${name}-key.pem`), '-out', at(`${name}-cert.pem`)];
    run('openssl', ...request, '-nodes', '-days', '2', ...out, ...words);
  };
  make('ca', '-subj', '/CN=lab');
  const extensions = ['subjectAltName=DNS:localhost', 'basicConstraints=CA:FALSE'];
  const signer = ['-CA', at('ca-cert.pem'), '-CAkey', at('ca-key.pem'), '-subj', '/CN=localhost'];
  make('server', ...signer, ...extensions.flatMap((one) => ['-addext', one]));
  for (const part of ['cert', 'key'])
    fs.copyFileSync(at(`server-${part}.pem`), at(`client-${part}.pem`));
}
