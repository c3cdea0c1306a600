/** A fleet made over REST beside the same disks made and served by a loop in the shell. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Figure, Readings } from '../figure.ts';
import { type Benchmark, GIB, MIB, run, type Workbench } from '../workbench.ts';

const LOOK_EVERY_MS = 10;

interface Lab {
  readonly apiUrl: string;
  readonly token: string;
  readonly pids: Readonly<Record<string, number>>;
}

interface Fleet {
  readonly id: string;
  readonly status: string;
}

export const fleets: Benchmark = {
  name: 'fleets',
  about: '100 overlays of 64 GiB, exported: a fleet beside a shell loop of qemu-img and qemu-nbd',
  tools: ['qemu-img', 'qemu-nbd', 'qemu-io'],
  async run(bench) {
    const home = bench.path('lab');
    run(bench.zonelab, 'up', '--detach', '--dir', home);
    try {
      const lab: Lab = JSON.parse(fs.readFileSync(path.join(home, 'lab.json'), 'utf8'));
      const made = await creations(bench, lab, home);
      return [...made, ...(await documents(bench, lab))];
    } finally {
      run(bench.zonelab, 'down', '--dir', home);
    }
  },
};

async function creations(bench: Workbench, lab: Lab, home: string): Promise<Figure[]> {
  const count = bench.size(100, 2);
  const size = 64 * GIB;
  const base = await rest<{ id: string }>(lab, 'POST', '/v1/images', { name: 'base', size });
  const file = bench.path('base.qcow2');
  run('qemu-img', 'create', '-q', '-f', 'qcow2', file, String(size));
  return bench.compare({
    ours: { name: 'a fleet', run: () => makeFleet(lab, path.join(home, 'pool'), base.id, count) },
    peer: {
      name: 'qemu-img and qemu-nbd in a loop',
      run: () => loop(bench.path('loop'), file, count),
    },
    quantities: [
      {
        key: 'seconds',
        name: `${count} overlays of 64 GiB, created and exported`,
        unit: 's',
        better: 'lower',
        goal: { value: 15 },
      },
      { key: 'disk', name: 'disk space', unit: 'MiB', better: 'lower', goal: { value: 40 } },
      { key: 'memory', name: 'memory for it', unit: 'MiB', better: 'lower' },
      {
        key: 'processes',
        name: 'processes, those of the lab among them',
        unit: '',
        better: 'lower',
      },
      {
        key: 'first',
        name: "first byte, qemu-io's own start in it",
        unit: 'ms',
        better: 'lower',
        goal: { value: 50 },
      },
    ],
  });
}

async function makeFleet(
  lab: Lab,
  pool: string,
  backingImageId: string,
  count: number,
): Promise<Readings> {
  const before = { disk: usedMiB(pool), memory: residentMiB(Object.values(lab.pids)) };
  const start = performance.now();
  const template = { backingImageId };
  const { id } = await rest<Fleet>(lab, 'POST', '/v1/fleets', { name: 'bench', count, template });
  await became(lab, id, ({ status }) => status === 'ready');
  const seconds = (performance.now() - start) / 1000;
  const { items } = await rest<{ items: { uri: string }[] }>(lab, 'GET', `/v1/fleets/${id}/disks`);
  const first = firstByte(items[0]?.uri ?? '');
  const disk = usedMiB(pool) - before.disk;
  const memory = Math.max(0.1, residentMiB(Object.values(lab.pids)) - before.memory);
  await discard(lab, id);
  return { seconds, disk, memory, processes: Object.keys(lab.pids).length, first };
}

/** The same without a service: one process for each disk. */
function loop(folder: string, base: string, count: number): Readings {
  fs.mkdirSync(folder);
  const script = `cd '${folder}' && for i in $(seq ${count}); do
    qemu-img create -q -f qcow2 -b '${base}' -F qcow2 $i.qcow2 &&
    qemu-nbd --fork --persistent -f qcow2 -k '${folder}'/$i.sock --pid-file=$i.pid $i.qcow2 || exit 1
  done`;
  const start = performance.now();
  run('sh', '-c', script);
  const seconds = (performance.now() - start) / 1000;
  const pids = fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.pid'))
    .map((name) => Number(fs.readFileSync(path.join(folder, name), 'utf8')));
  const first = firstByte(`nbd+unix:///?socket=${path.join(folder, '1.sock')}`);
  const readings = { seconds, disk: usedMiB(folder), memory: residentMiB(pids), first };
  for (const pid of pids) process.kill(pid, 'SIGTERM');
  fs.rmSync(folder, { recursive: true });
  return { ...readings, processes: pids.length };
}

async function documents(bench: Workbench, lab: Lab): Promise<Figure[]> {
  const count = bench.size(1000, 2);
  const body = {
    name: 'documents',
    count,
    template: { size: '64M', profile: 'zns', zoneSize: '16M' },
  };
  const options = { zeroes: 'reset', trim: 'ignore', limits: 'off' };
  const { id } = await rest<Fleet>(lab, 'POST', '/v1/fleets', { ...body, export: { options } });
  await became(lab, id, ({ status }) => status === 'ready');
  const ask = async () => {
    const start = performance.now();
    await rest(lab, 'GET', `/v1/fleets/${id}/attach?format=qemu`);
    return { seconds: (performance.now() - start) / 1000 };
  };
  const name = `attach documents for ${count} disks, in one request`;
  const figures = await bench.compare({
    ours: { name: 'GET /v1/fleets/{id}/attach', run: ask },
    quantities: [{ key: 'seconds', name, unit: 's', better: 'lower', goal: { value: 1 } }],
  });
  await discard(lab, id);
  return figures;
}

async function discard(lab: Lab, id: string): Promise<void> {
  await rest(lab, 'DELETE', `/v1/fleets/${id}`);
  await became(lab, id, ({ status }) => status === undefined);
}

async function became(lab: Lab, id: string, done: (fleet: Partial<Fleet>) => boolean) {
  while (!done(await rest<Partial<Fleet>>(lab, 'GET', `/v1/fleets/${id}`, undefined, 404)))
    await wait(LOOK_EVERY_MS);
}

/** The answer; an empty one where `absent` is the status. */
async function rest<T>(
  { apiUrl, token }: Lab,
  method: string,
  route: string,
  body?: object,
  absent?: number,
): Promise<T> {
  const response = await fetch(`${apiUrl}${route}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (response.status === absent) return {} as T;
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
}

/** Milliseconds. */
function firstByte(uri: string): number {
  const start = performance.now();
  run('qemu-io', '-r', '-f', 'raw', uri, '-c', 'read 0 512');
  return performance.now() - start;
}

function usedMiB(folder: string): number {
  const { stdout } = spawnSync('du', ['-s', '-B1', folder], { encoding: 'utf8' });
  return Number(stdout.split('\t')[0]) / MIB;
}

/** Memory of these processes, what several share counted once. */
function residentMiB(pids: readonly number[]): number {
  const shares = pids.map(
    (pid) => /^Pss:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1],
  );
  return shares.reduce((sum, share) => sum + Number(share ?? 0), 0) / 1024;
}
