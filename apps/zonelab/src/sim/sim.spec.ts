import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createImage } from '@zonelab/qcow2-zoned';
import { runCli } from '../run-cli.fixture.ts';

const MIB = 1024 * 1024;
const RUN = `
name: demo
device: {preset: zn540}
workload:
  phases:
    - {kind: zone-append, blockSize: 4K, queueDepth: 4, operations: 500}
`;

describe('zonelab sim', () => {
  let folder: string;
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'zonelab-sim-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('runs a YAML file and prints a summary with a zone map', async () => {
    const { stdout, stderr, exitCode } = await runCli('sim', await file('run.yaml', RUN));
    expect([stderr, exitCode]).toEqual(['', 0]);
    expect(stdout).toContain('demo: completed in');
    expect(stdout).toContain('  append       500        0');
    expect(stdout).toContain('zones of the zn540 device at the end');
  });

  it('gives the same bytes for the same seed, and others for another', async () => {
    const path = await file('run.yaml', RUN);
    const json = async (...args: string[]) =>
      (await runCli('sim', path, '--output', 'json', ...args)).stdout;
    const [first, again, other] = [await json(), await json(), await json('--seed', '2')];
    expect(again).toBe(first);
    expect(JSON.parse(other).definition.seed).toBe(2);
    expect(other).not.toBe(first);
  });

  it('writes its report as JSON, HTML and tables', async () => {
    const report = join(folder, 'report');
    const { stdout } = await runCli('sim', await file('run.yaml', RUN), '--report', report);
    expect(stdout).toContain(`report: ${join(report, 'report.html')}`);
    expect((await readdir(report)).sort()).toEqual([
      'operations.csv',
      'report.html',
      'report.json',
      'series.csv',
      'zones.csv',
    ]);
    const { format } = JSON.parse(await readFile(join(report, 'report.json'), 'utf8'));
    expect(format).toBe('zonelab-experiment-report');
  });

  it('runs a sweep and compares its runs', async () => {
    const sweep = `${RUN}sweep: {vary: {'workload.phases[0].queueDepth': {from: 1, to: 4, factor: 2}}}\n`;
    const report = join(folder, 'sweep');
    const { stdout, exitCode } = await runCli(
      'sim',
      await file('s.yaml', sweep),
      '--report',
      report,
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/queueDepth=1 .*\n.*queueDepth=2 .*\n.*queueDepth=4 /);
    expect(await readdir(report)).toEqual(
      expect.arrayContaining(['run-1', 'run-2', 'run-3', 'comparison.html', 'comparison.json']),
    );
  });

  it('runs a fio job file on the device of its choice', async () => {
    const job = '[a]\nzonemode=zbd\nrw=write\nbs=64k\nio_size=8m\n';
    const path = await file('job.fio', job);
    const { stdout, exitCode } = await runCli('sim', path, '--preset', 'ideal');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('a (fio)');
  });

  it('plays a trace that lies beside its run file', async () => {
    await file('t.csv', '1,W,0,4096,0\n1,W,8192,4096,10\n1,R,0,4096,20\n');
    const path = await file(
      'trace.yaml',
      'device: {preset: ideal}\nworkload: {phases: [{kind: trace, format: alibaba, trace: t.csv}]}\n',
    );
    const { stdout, stderr } = await runCli('sim', path);
    expect(stderr).toBe('');
    expect(stdout).toContain('20 us simulated');
  });

  it('carries a run out on a real image, byte by byte', async () => {
    const image = join(folder, 'disk.qcow2');
    await createImage(image, { size: 32 * MIB, zoned: { profile: 'zns', zoneSize: 4 * MIB } });
    const run =
      'device: {preset: zn540}\nworkload: {phases: [{kind: seq-write, blockSize: 64K, operations: 100}]}\n';
    const path = await file('real.yaml', run);
    const { stderr, exitCode } = await runCli('sim', path, '--image', image);
    expect([stderr, exitCode]).toEqual(['', 0]);
    expect((await runCli('zones', image, '--count', '2')).stdout).toMatch(/full|fu/i);
    const again = await runCli('sim', path, '--image', image);
    expect(again.stderr).toContain('the condition of zone 0 at the start');
  });

  it.each([
    ['no file', 'none.yaml', undefined, 1, 'ENOENT'],
    ['broken YAML', 'b.yaml', 'device: {', 2, 'b.yaml: '],
    ['a list', 'l.yaml', '- 1', 2, 'a run file holds a mapping'],
    ['an unknown field', 'u.yaml', RUN.replace('queueDepth', 'queueDept'), 2, 'queueDept'],
    [
      'a workload that does not fit',
      'f.yaml',
      RUN.replace('queueDepth: 4', 'jobs: 15'),
      2,
      'workload.phases[0].jobs: got 15, allowed is at most device.geometry.maxActiveZones (14)',
    ],
    [
      'a trace that is not there',
      'n.yaml',
      'device: {preset: ideal}\nworkload: {phases: [{kind: trace, format: msr, trace: no.csv}]}',
      2,
      'workload.phases[0].trace: got no.csv',
    ],
    [
      'a bad fio job',
      'bad.fio',
      '[a]\nzonemode=zbd\nbs=4q\n',
      2,
      'workload.fio line 3, bs: got "4q"',
    ],
  ])('says in one line what is wrong with %s', async (_, name, text, code, message) => {
    const path = text === undefined ? join(folder, name) : await file(name, text);
    const { stdout, stderr, exitCode } = await runCli('sim', path);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect([stdout, exitCode]).toEqual(['', code]);
  });

  it('compares a preset with published figures', async () => {
    const { stdout, exitCode } = await runCli('sim', '--validate', 'femu-default');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/FEMU.write .* met /);
  });
});
