import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createImage, ZonedDevice } from '@zonelab/qcow2-zoned';
import type { ExperimentDefinition, PhaseDefinition } from '../definition.ts';
import { runExperiment } from '../engine/run-experiment.ts';
import type { MirrorTarget } from './mirror.ts';

const MIB = 1024 * 1024;
const KIB = 1024;
const zoned = {
  profile: 'zns' as const,
  zoneSize: 2 * MIB,
  zoneCapacity: MIB + 512 * KIB,
  maxOpenZones: 4,
  maxActiveZones: 5,
  maxAppendBytes: 256 * KIB,
  logicalBlockSize: 4096 as const,
};

const definitionOf = (phases: PhaseDefinition[], prefilledZones = 0): ExperimentDefinition => ({
  seed: 5,
  device: {
    preset: 'custom',
    geometry: { size: 32 * MIB, ...zoned },
    prefilledZones,
  },
  workload: { phases },
});
const WORKLOAD: PhaseDefinition[] = [
  {
    kind: 'mixed',
    readShare: 0.3,
    blockSize: 16 * KIB,
    jobs: 3,
    queueDepth: 2,
    operations: 300,
    resetFrequency: 0.02,
  },
  { kind: 'zone-append', blockSize: 64 * KIB, jobs: 2, queueDepth: 4, operations: 100 },
  {
    kind: 'reset-churn',
    blockSize: 32 * KIB,
    fill: 0.5,
    finish: true,
    jobs: 2,
    operations: 80,
    overLimit: 'count',
  },
];

describe('a byte-accurate run', () => {
  let folder: string;
  let device: ZonedDevice;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'zonelab-mirror-'));
    const path = join(folder, 'image.qcow2');
    await createImage(path, { size: 32 * MIB, zoned });
    device = await ZonedDevice.open(path);
  });

  afterEach(async () => {
    await device.close();
    await rm(folder, { recursive: true });
  });

  it('leaves a real image as the simulated device says, byte by byte, and the same report', async () => {
    const definition = definitionOf(WORKLOAD);
    const report = await runExperiment(definition, { target: device });
    expect(report).toEqual(await runExperiment(definition));
    const written = report.zones.filter(({ condition }) => condition !== 'empty');
    for (const { index, condition, writePointer } of written) {
      expect(device.zone(index)).toMatchObject({ condition, writePointer });
    }
    expect(written.length).toBeGreaterThan(3);
  });

  it('sees a byte that the image does not give back', async () => {
    const lying: MirrorTarget = {
      geometry: device.geometry,
      write: (offset, data) => device.write(offset, data),
      append: (start, data) => device.append(start, data),
      manage: (action, zone) => device.manage(action, zone),
      flush: () => device.flush(),
      zone: (index) => device.zone(index),
      read: async (offset, target) => {
        await device.read(offset, target);
        if (target.length > 1000) target[999] = (target[999] as number) ^ 1;
      },
    };
    const run = runExperiment(definitionOf(WORKLOAD), { target: lying });
    await expect(run).rejects.toMatchObject({ code: 'mirror_mismatch' });
    await expect(run).rejects.toThrow(/^byte \d+, in zone \d+: the simulated device expects/);
  });

  it("tells a zone's data from that of its earlier life", async () => {
    const first = new Map<number, Uint8Array>();
    const stale: MirrorTarget = {
      geometry: device.geometry,
      read: (offset, target) => device.read(offset, target),
      append: (start, data) => device.append(start, data),
      manage: (action, zone) => device.manage(action, zone),
      flush: () => device.flush(),
      zone: (index) => device.zone(index),
      write: (offset, data) => {
        if (!first.has(offset)) first.set(offset, data);
        return device.write(offset, first.get(offset) ?? data);
      },
    };
    const twice: PhaseDefinition = {
      kind: 'seq-write',
      blockSize: 128 * KIB,
      zones: { count: 1 },
      bytes: 3 * MIB,
    };
    const run = runExperiment(definitionOf([twice]), { target: stale });
    await expect(run).rejects.toMatchObject({ code: 'mirror_mismatch' });
  });

  it('does not touch an image that holds something already', async () => {
    await device.write(0, new Uint8Array(4096));
    const run = runExperiment(definitionOf(WORKLOAD), { target: device });
    await expect(run).rejects.toThrow('the condition of zone 0 at the start');
  });

  it('does not begin with zones that only the simulated device has filled', async () => {
    const run = runExperiment(definitionOf(WORKLOAD, 2), { target: device });
    await expect(run).rejects.toThrow('device.prefilledZones: got 2, allowed is 0');
  });

  it('does not touch an image of another geometry', async () => {
    const other = { ...definitionOf(WORKLOAD) };
    const geometry = { ...other.device.geometry, maxOpenZones: 3 };
    const run = runExperiment(
      { ...other, device: { ...other.device, geometry } },
      { target: device },
    );
    await expect(run).rejects.toThrow('the geometry');
  });
});
