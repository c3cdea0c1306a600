/**
 * Published measurements, and the experiments that repeat them. The presets' parameters were chosen from the figures
 * of commands alone and one at a time; the checks of deep queues, several zones and competing work follow from the
 * mechanism.
 */
import type { DevicePreset, ExperimentDefinition, PhaseDefinition } from '../definition.ts';
import { ExperimentRun } from '../engine/experiment-run.ts';
import type { ExperimentReport } from '../report/report.ts';

export interface ValidationCheck {
  readonly id: string;
  readonly preset: DevicePreset;
  readonly what: string;
  readonly published: number;
  readonly unit: string;
  /** Largest relative difference that counts as met, 0.05 being 5 %. */
  readonly within: number;
  /** Key of SOURCES. */
  readonly source: keyof typeof SOURCES;
  /** The same figure of the simulated device. */
  simulate(): number;
}

export const SOURCES = {
  C23: 'Doekemeijer et al., "Performance Characterization of NVMe Flash Devices with Zoned Namespaces", CLUSTER 2023, text and published data sets (arXiv:2310.19094)',
  A21: 'Bjørling et al., "ZNS: Avoiding the Block Interface Tax for Flash-based SSDs", USENIX ATC 2021',
  SMR: 'measurements of host-managed SATA drives of the 14 to 15 TB class',
  FEMU: 'closed form of FEMU in ZNS mode with its default parameters: a 4 MiB stripe takes 1024 x 1 us, then one program of 12.196 ms',
} as const;

const KIB = 1024;
const MIB = 1024 * KIB;
const CAPACITY = 1077 * MIB;

function run(
  preset: DevicePreset,
  prefilledZones: number,
  ...phases: PhaseDefinition[]
): ExperimentReport {
  const definition: ExperimentDefinition = {
    seed: 1,
    device: { preset, prefilledZones },
    workload: { phases },
  };
  const experiment = new ExperimentRun(definition);
  while (experiment.step(100_000) !== 'ended');
  return experiment.report();
}

type Operation = keyof ExperimentReport['totals']['operations'];

/** Mean latency in ns of the n-th phase, the last one by default. */
function latency(report: ExperimentReport, op: Operation, phase = -1): number {
  return report.phases.at(phase)?.operations[op]?.latencyNs?.mean ?? Number.NaN;
}

const iops = (report: ExperimentReport) => report.totals.iops ?? Number.NaN;
const perSecond = (n: number | null | undefined) => (n ?? Number.NaN) / MIB;

const READ_ZONES = 100;
const randomRead = (queueDepth: number, operations: number) =>
  run('zn540', READ_ZONES, {
    kind: 'random-read-below-wp',
    zones: { count: READ_ZONES },
    queueDepth,
    operations,
  });

type Zn540 = Omit<ValidationCheck, 'preset' | 'source'> & Partial<Pick<ValidationCheck, 'source'>>;
const zn540 = (check: Zn540): ValidationCheck => ({ source: 'C23', ...check, preset: 'zn540' });

function latencyChecks(): ValidationCheck[] {
  const common = { unit: 'us', within: 0.05 };
  const operations = 20_000;
  return [
    zn540({
      ...common,
      id: 'V1.write',
      what: 'mean latency, 4 KiB write, QD 1',
      published: 11.36,
      simulate: () => latency(run('zn540', 0, { kind: 'seq-write', operations }), 'write') / 1e3,
    }),
    zn540({
      ...common,
      id: 'V1.append',
      what: 'mean latency, 4 KiB append, QD 1',
      published: 14.83,
      simulate: () => latency(run('zn540', 0, { kind: 'zone-append', operations }), 'append') / 1e3,
    }),
    zn540({
      ...common,
      id: 'V1.read',
      what: 'mean latency, 4 KiB random read, QD 1',
      published: 72.64,
      simulate: () => latency(randomRead(1, operations), 'read') / 1e3,
    }),
  ];
}

function scalingChecks(): ValidationCheck[] {
  const reads = [13.7, 27, 52.4, 98.6, 174, 274, 365, 424, 437].map((published, power) =>
    zn540({
      id: `V2.${2 ** power}`,
      what: `4 KiB random read, QD ${2 ** power}`,
      published,
      unit: 'kIOPS',
      within: 0.08,
      simulate: () => iops(randomRead(2 ** power, 40_000)) / 1e3,
    }),
  );
  const appends = (
    [
      [2, 111.7, 0.08],
      [4, 132, 0.05],
      [16, 132, 0.05],
    ] as const
  ).map(([queueDepth, published, within]) =>
    zn540({
      id: `V3.${queueDepth}`,
      what: `4 KiB append to one zone, QD ${queueDepth}`,
      published,
      unit: 'kIOPS',
      within,
      simulate: () =>
        iops(run('zn540', 0, { kind: 'zone-append', queueDepth, operations: 50_000 })) / 1e3,
    }),
  );
  const writes = (
    [
      [1, 85.1],
      [2, 141.6],
      [4, 180.1],
      [8, 185.9],
    ] as const
  ).map(([jobs, published]) =>
    zn540({
      id: `V4.${jobs}`,
      what: `4 KiB write, QD 1 to each of ${jobs} zones`,
      published,
      unit: 'kIOPS',
      within: 0.08,
      simulate: () => iops(run('zn540', 0, { kind: 'seq-write', jobs, operations: 50_000 })) / 1e3,
    }),
  );
  return [...reads, ...appends, ...writes];
}

function throughputChecks(): ValidationCheck[] {
  const cases = [
    [64, 1, 1146, 0.03, 'C23'],
    [128, 1, 1146, 0.03, 'C23'],
    [64, 4, 1010, 0.15, 'A21'],
  ] as const;
  return cases.map(([kib, jobs, published, within, source]) =>
    zn540({
      id: `V5.${kib}K.${jobs}`,
      what: `${kib} KiB sustained write to ${jobs} zone${jobs > 1 ? 's' : ''}`,
      published,
      unit: 'MiB/s',
      within,
      source,
      simulate: () => {
        const phase = { kind: 'seq-write', blockSize: kib * KIB, jobs, seconds: 2 } as const;
        return perSecond(run('zn540', 0, phase).totals.writtenBytesPerSecond);
      },
    }),
  );
}

/** Writes a share of one zone, waits until the device holds nothing in its buffer, and manages the zone. */
function managed(share: number, op: 'reset' | 'finish'): number {
  const bytes = Math.round((share * CAPACITY) / (4 * KIB)) * 4 * KIB;
  const zones = { count: 1 };
  const fill: PhaseDefinition[] =
    bytes === 0
      ? []
      : [
          {
            kind: 'seq-write',
            zones,
            bytes,
            blockSize: bytes % (64 * KIB) === 0 ? 64 * KIB : 4 * KIB,
          },
          { kind: 'idle', seconds: 0.1 },
        ];
  const last = op === 'reset' ? 'reset-storm' : 'finish-storm';
  const report = run('zn540', 0, ...fill, { kind: last, zones, operations: 1 });
  return latency(report, op) / 1e6;
}

function managementChecks(): ValidationCheck[] {
  const common = { unit: 'ms', within: 0.1 };
  const resets = [
    [0, 1.08],
    [6.25, 5.15],
    [12.5, 6.32],
    [25, 8.14],
    [50, 11.61],
    [100, 16.19],
  ] as const;
  const finishes = [
    [6.25, 848],
    [12.5, 793],
    [25, 681],
    [50, 457],
  ] as const;
  const page = (4 * KIB) / CAPACITY;
  return [
    ...resets.map(([percent, published]) =>
      zn540({
        ...common,
        id: `V6.reset.${percent}`,
        what: `reset of a zone ${percent} % full`,
        published,
        simulate: () => managed(percent / 100, 'reset'),
      }),
    ),
    zn540({
      ...common,
      id: 'V6.finish.page',
      what: 'finish of a zone that holds one page',
      published: 907,
      simulate: () => managed(page, 'finish'),
    }),
    ...finishes.map(([percent, published]) =>
      zn540({
        ...common,
        id: `V6.finish.${percent}`,
        what: `finish of a zone ${percent} % full`,
        published,
        simulate: () => managed(percent / 100, 'finish'),
      }),
    ),
    zn540({
      ...common,
      id: 'V6.finish.all',
      what: 'finish of a zone full but for a page',
      published: 3.07,
      simulate: () => managed(1 - page, 'finish'),
    }),
  ];
}

function diskChecks(): ValidationCheck[] {
  const base = { preset: 'hm-smr', source: 'SMR' } as const;
  const sequential = { blockSize: 256 * KIB, queueDepth: 8, zones: { first: 524 } };
  return [
    {
      ...base,
      id: 'V7.write',
      what: 'sequential write 256 KiB, QD 8',
      published: 235,
      unit: 'MiB/s',
      within: 0.05,
      simulate: () =>
        perSecond(
          run('hm-smr', 0, { kind: 'seq-write', ...sequential, seconds: 60 }).totals
            .writtenBytesPerSecond,
        ),
    },
    {
      ...base,
      id: 'V7.read',
      what: 'sequential read 256 KiB, QD 8',
      published: 238,
      unit: 'MiB/s',
      within: 0.05,
      simulate: () =>
        perSecond(
          run('hm-smr', 100, { kind: 'seq-read', ...sequential, seconds: 60 }).totals
            .readBytesPerSecond,
        ),
    },
    {
      ...base,
      id: 'V7.random',
      what: 'random read 256 KiB, 4 readers of QD 4',
      published: 118,
      unit: 'IOPS',
      within: 0.15,
      simulate: () =>
        iops(
          run('hm-smr', 0, {
            kind: 'random-read',
            blockSize: 256 * KIB,
            queueDepth: 4,
            jobs: 4,
            zones: { first: 0 },
            operations: 4000,
          }),
        ),
    },
  ];
}

function interferenceChecks(): ValidationCheck[] {
  const resetting = () =>
    run(
      'zn540',
      200,
      // the writer's host needs so long per command that it reaches the published 61.0 kIOPS alone
      { kind: 'seq-write', blockSize: 8 * KIB, thinkNs: 3340, seconds: 2, zones: { first: 200 } },
      { kind: 'reset-storm', zones: { count: 200 }, alongside: true },
    );
  return [
    zn540({
      id: 'V8',
      what: 'mean latency, 4 KiB random read, QD 1, beside 128 KiB writes at 500 MiB/s',
      published: 128.5,
      unit: 'us',
      within: 0.15,
      simulate: () =>
        latency(
          run(
            'zn540',
            READ_ZONES,
            { kind: 'random-read-below-wp', zones: { count: READ_ZONES }, seconds: 2 },
            {
              kind: 'seq-write',
              blockSize: 128 * KIB,
              rate: 500 * MIB,
              zones: { first: READ_ZONES },
              alongside: true,
            },
          ),
          'read',
          0,
        ) / 1e3,
    }),
    zn540({
      id: 'V9.write',
      what: '8 KiB writes beside back-to-back resets (61.0 kIOPS alone)',
      published: 52.4,
      unit: 'kIOPS',
      within: 0.15,
      simulate: () => (resetting().phases[0]?.iops ?? Number.NaN) / 1e3,
    }),
    zn540({
      id: 'V9.reset',
      what: 'resets of full zones beside 8 KiB writes',
      published: 48.5,
      unit: '1/s',
      within: 0.15,
      simulate: () => {
        const storm = resetting().phases[1];
        return (storm?.operations.reset?.accepted ?? 0) / ((storm?.durationNs ?? 0) / 1e9);
      },
    }),
  ];
}

function emulatorChecks(): ValidationCheck[] {
  const base = { preset: 'femu-default', source: 'FEMU', within: 0.01 } as const;
  return [
    {
      ...base,
      id: 'FEMU.write',
      what: '4 KiB sequential write, QD 1',
      published: 302.6,
      unit: 'MiB/s',
      simulate: () =>
        perSecond(
          run('femu-default', 0, { kind: 'seq-write', seconds: 2 }).totals.writtenBytesPerSecond,
        ),
    },
    {
      ...base,
      id: 'FEMU.read',
      what: 'mean latency, 4 KiB random read, QD 1',
      published: 85,
      unit: 'us',
      simulate: () =>
        latency(
          run('femu-default', 4, {
            kind: 'random-read-below-wp',
            zones: { count: 4 },
            operations: 1000,
          }),
          'read',
        ) / 1e3,
    },
  ];
}

export const VALIDATION_CHECKS: readonly ValidationCheck[] = [
  ...latencyChecks(),
  ...scalingChecks(),
  ...throughputChecks(),
  ...managementChecks(),
  ...diskChecks(),
  ...interferenceChecks(),
  ...emulatorChecks(),
];
