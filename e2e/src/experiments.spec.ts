/** Experiments in a lab: carried out by its images, and swept and traced from a shell. */

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Experiment, Image, Zone } from '@zonelab/contracts';
import { waitUntil } from '@zonelab/testing';
import { run, scratchFolder, TestLab, zonelabWith } from './lab.fixture.ts';

let lab: TestLab;
beforeAll(async () => {
  lab = await TestLab.start();
});
afterAll(() => lab?.discard());

interface ExperimentReport {
  readonly zones: readonly Pick<Zone, 'index' | 'condition' | 'writePointer'>[];
}

const DEFINITION = {
  seed: 3,
  device: { preset: 'zn540' },
  workload: {
    phases: [
      { kind: 'zone-append', blockSize: '64K', jobs: 2, operations: 60, resetFrequency: 0.1 },
      { kind: 'reset-churn', blockSize: '256K', fill: 0.5, finish: true, operations: 40 },
      { kind: 'finish-storm', blockSize: '4K', zones: { first: 8, count: 4 }, operations: 8 },
      { kind: 'random-read-below-wp', blockSize: '4K', queueDepth: 4, operations: 50 },
    ],
  },
};

async function carriedOutBy(image: Image): Promise<[Experiment, ExperimentReport]> {
  const body = { ...DEFINITION, imageId: image.id };
  const made = await lab.rest<Experiment>('POST', '/v1/experiments', body);
  expect(made).toMatchObject({ status: 202 });
  const ended = await waitUntil('its end', async () => {
    const { body } = await lab.rest<Experiment>('GET', `/v1/experiments/${made.body.id}`);
    return !['queued', 'running'].includes(body.status) && body;
  });
  expect([ended.status, ended.error]).toEqual(['succeeded', null]);
  const path = `/v1/experiments/${ended.id}/report`;
  return [ended, (await lab.rest<ExperimentReport>('GET', path)).body];
}

it('writes real data through a live export and finds every byte again', async () => {
  const image = await lab.createImage('live');
  const { id } = await lab.exportImage(image);
  const [experiment, report] = await carriedOutBy(image);
  expect(experiment.verifiedBytes).toBeGreaterThan(1024 ** 2);
  const zones = await lab.zones(image);
  for (const { index, condition, writePointer } of report.zones)
    expect(zones[index]).toMatchObject({ condition, writePointer });
  expect(report.zones.some(({ condition }) => condition === 'full')).toBe(true);
  await lab.rest('DELETE', `/v1/exports/${id}`);
  expect(await run('qemu-img', 'check', lab.fileOf(image))).toMatchObject({ exitCode: 0 });
});

it('gives the same report on a resting image as on a live one', async () => {
  const [resting, live] = [await lab.createImage('resting'), await lab.createImage('other')];
  await lab.exportImage(live);
  const [[, first], [, second]] = [await carriedOutBy(resting), await carriedOutBy(live)];
  expect(JSON.stringify(second)).toBe(JSON.stringify(first));
});

it('sweeps a run file and plays a trace from a shell', async () => {
  const folder = scratchFolder();
  const { apiUrl, token } = lab.facts;
  const cli = (...args: string[]) =>
    zonelabWith({ ZONELAB_URL: apiUrl, ZONELAB_TOKEN: token }, 'experiment', ...args);
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const requests = Array.from({ length: 200 }, (_, n) => `1,W,${n * 8192},4096,${n}\n`).join('');
  await cli(
    'trace',
    'upload',
    'shell',
    file('t.csv.gz', gzipSync(requests)),
    '--format',
    'alibaba',
  );
  const swept = `
device: {preset: zn540}
workload: {phases: [{kind: trace, format: alibaba, trace: shell, speed: 0, zones: {count: 16}}]}
sweep: {vary: {'workload.phases[0].queueDepth': {from: 1, to: 4, factor: 2}}}
`;
  const path = file('depths.yaml', swept);
  const made = JSON.parse(
    await cli('sweep', 'create', path, '--priority', '5', '--output', 'json'),
  );
  expect(made).toMatchObject({ name: 'depths', runs: 3 });
  await waitUntil('the end of the sweep', async () => {
    const { status } = JSON.parse(await cli('sweep', 'show', made.id, '--output', 'json'));
    return status === 'succeeded';
  });
  expect(await cli('sweep', 'list')).toContain('depths');
  const table = await cli('sweep', 'report', made.id);
  expect(table).toContain('queueDepth=4');
  expect(await cli('sweep', 'report', made.id, '--format', 'html')).toContain('<h1>depths</h1>');
  rmSync(folder, { recursive: true });
});
