import { expect, it } from '@jest/globals';
import { runExperiment } from '../engine/run-experiment.ts';
import { renderSummary } from './summary.ts';

const MIB = 1024 * 1024;

it('shows what ran, how fast, what was refused, and the zones', async () => {
  const report = await runExperiment({
    name: 'demo',
    seed: 3,
    device: {
      preset: 'custom',
      geometry: { profile: 'zbc', size: 8 * MIB, zoneSize: MIB, conventionalZones: 1 },
      timing: { serviceTimeNs: 10_000 },
      prefilledZones: 1,
    },
    workload: {
      phases: [{ kind: 'seq-write', blockSize: 65_536, zones: { first: 2 }, operations: 40 }],
    },
  });
  expect(renderSummary(report)).toBe(
    [
      'demo: completed in 400 us simulated, seed 3',
      'device: custom, zbc, 8 zones of 1 MiB',
      '',
      'seq-write (seq-write)',
      '         accepted  refused    bytes   mean    p50    p99  p99.99    max',
      '  write        40        0  2.5 MiB  10 us  10 us  10 us   10 us  10 us',
      '  throughput 100000 IOPS, read 0 B/s, written 6.1 GiB/s',
      '  zones 2 filled or finished, 0 emptied; peak 1 open, 1 active; 0 closed by the device',
      '  write amplification 1 with finish padding, 1 without',
      '',
      'zones of the custom device at the end',
      '0  =###o...',
      '= not-wp   . empty   o implicit-open   # full',
      '',
    ].join('\n'),
  );
});
