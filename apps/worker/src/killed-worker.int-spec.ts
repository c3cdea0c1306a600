import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { ZonedDevice } from '@zonelab/qcow2-zoned';
import { runExperiment } from '@zonelab/zone-workload';
import { WorkerProgram } from './process.fixture.ts';
import { type Lab, LabServers, mixed } from './worker.fixture.ts';

/** A dead worker is noticed soon. */
const timing = { retryDelayMs: 1, lockDurationMs: 1000, stalledIntervalMs: 200 };

let servers: LabServers;
let program: WorkerProgram;
let lab: Lab;

beforeAll(async () => {
  [servers, program] = await Promise.all([LabServers.start(), WorkerProgram.bundle()]);
});
afterAll(async () => {
  await program?.dispose();
  await servers?.stop();
});

beforeEach(async () => {
  lab = await servers.newLab();
});
afterEach(() => lab.close());

/** Kills the worker that runs the experiment once it has come somewhere; another one takes its place. */
async function killItsWorker(id: string): Promise<void> {
  const { databaseUrl, redisUrl, pool, simulationThread } = lab;
  const options = { databaseUrl, redisUrl, pools: [pool], timing };
  const victim = await program.start({
    ...options,
    simulationThread: simulationThread.href,
  });
  await lab.progressed(id);
  victim.kill('SIGKILL');
  await once(victim, 'exit');
  expect(await lab.catalog.experiments.get(id)).toMatchObject({ status: 'running' });
  await lab.startWorker({ timing });
}

it('ends an experiment whose worker was killed with the report that it would have had', async () => {
  const definition = mixed(1_500_000);
  const id = await lab.enqueue(definition);
  await killItsWorker(id);
  expect(await lab.ended(id)).toMatchObject({ status: 'succeeded', error: null });
  expect(await lab.reports([id])).toEqual([JSON.stringify(await runExperiment(definition))]);
});

it('begins again on the image of a killed worker, from empty zones', async () => {
  const definition = mixed(6000, { resetFrequency: 0.01 });
  const { imageId, path } = await lab.createImage(definition);
  const id = await lab.enqueue(definition, { imageId });
  await killItsWorker(id);
  const { status, error, verifiedBytes } = await lab.ended(id);
  expect([status, error]).toEqual(['succeeded', null]);
  const expected = await runExperiment(definition);
  expect(await lab.reports([id])).toEqual([JSON.stringify(expected)]);
  expect(verifiedBytes).toBeGreaterThan(1024 * 1024);
  const device = await ZonedDevice.open(path, { readOnly: true });
  for (const { index, writePointer } of expected.zones)
    expect(device.zone(index).writePointer).toBe(writePointer);
  await device.close();
});
