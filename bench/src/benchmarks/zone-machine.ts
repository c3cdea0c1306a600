/**
 * The zone state machine alone, without data: no I/O, one core. What counts is processor time, user and system, of the
 * whole process: what else runs on the machine takes the core away, but not the time.
 */
import { type ZonedGeometry, ZoneMachine, zoneGeometry } from '@zonelab/qcow2-zoned';
import { type Benchmark, KIB, MIB, type Workbench } from '../workbench.ts';

const ZONE_BYTES = 4 * MIB;
const BLOCK = 4 * KIB;
const OPEN_ZONES = 14;

export const zoneMachine: Benchmark = {
  name: 'zone-machine',
  about: 'zone state machine alone, on one core (no peer)',
  tools: [],
  async run(bench) {
    const many = bench.size(1_000_000, 1000);
    const count = bench.size(5_000_000, 10_000);
    return [
      ...(await appends(bench, bench.size(1000, 100), many, count)),
      ...(await scattered(bench, many, bench.size(3_000_000, 10_000))),
      ...(await resets(bench, many)),
      ...(await reports(bench, many)),
    ];
  },
};

function geometryOf(zones: number, limit = 0): ZonedGeometry {
  return zoneGeometry({
    profile: 'zns',
    size: zones * ZONE_BYTES,
    zoneSize: ZONE_BYTES,
    maxOpenZones: limit,
    maxActiveZones: limit,
    maxAppendBytes: BLOCK,
    logicalBlockSize: 4096,
  });
}

/** Appends to 14 zones in turn, on a disk of few zones and on one of many; a full zone is reset. */
function appends(bench: Workbench, few: number, many: number, count: number) {
  const name = (zones: number) =>
    `4 KiB appends, 14 open of ${zones.toLocaleString('en-US')} zones`;
  const quantity = { unit: 'million/s', better: 'higher', goal: { value: 12 } } as const;
  return bench.compare({
    ours: {
      name: 'ZoneMachine.append',
      run: () => {
        const ofFew = appendRate(few, count);
        const ofMany = appendRate(many, count);
        return { few: ofFew, many: ofMany, cost: ofFew / ofMany };
      },
    },
    quantities: [
      { key: 'few', name: name(few), ...quantity },
      { key: 'many', name: name(many), ...quantity },
      {
        key: 'cost',
        name: 'cost of an append among the many, of one among the few',
        unit: 'times',
        better: 'lower',
        goal: { value: 1.3 },
      },
    ],
  });
}

/** Million appends a second. */
function appendRate(zones: number, count: number): number {
  const machine = new ZoneMachine(geometryOf(zones, OPEN_ZONES));
  const perZone = ZONE_BYTES / BLOCK;
  const spread = Math.floor(zones / OPEN_ZONES);
  const start = processorSeconds();
  for (let index = 0; index < count; index++) {
    const zone = (index % OPEN_ZONES) * spread;
    if (index >= OPEN_ZONES && Math.floor(index / OPEN_ZONES) % perZone === 0) machine.reset(zone);
    machine.append(zone * ZONE_BYTES, BLOCK);
  }
  return count / (processorSeconds() - start) / 1e6;
}

/** Appends to zones drawn uniformly: every one misses the processor's caches. */
function scattered(bench: Workbench, zones: number, count: number) {
  const order = new Uint32Array(count);
  for (let index = 0, state = 1; index < count; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    order[index] = Math.floor((state / 2 ** 32) * zones);
  }
  return bench.compare({
    ours: {
      name: 'ZoneMachine.append',
      run: () => {
        const machine = new ZoneMachine(geometryOf(zones));
        const start = processorSeconds();
        for (let index = 0; index < count; index++)
          machine.append((order[index] as number) * ZONE_BYTES, BLOCK);
        return { rate: count / (processorSeconds() - start) / 1e6 };
      },
    },
    quantities: [
      {
        key: 'rate',
        name: `4 KiB appends, uniform over ${zones.toLocaleString('en-US')} zones`,
        unit: 'million/s',
        better: 'higher',
        goal: { value: 2.5 },
      },
    ],
  });
}

/** One block into each zone, then each is reset. */
function resets(bench: Workbench, zones: number) {
  return bench.compare({
    ours: {
      name: 'ZoneMachine.reset',
      run: () => {
        const machine = new ZoneMachine(geometryOf(zones));
        const writing = processorSeconds();
        for (let zone = 0; zone < zones; zone++) machine.write(zone * ZONE_BYTES, BLOCK);
        const written = processorSeconds() - writing;
        const resetting = processorSeconds();
        for (let zone = 0; zone < zones; zone++) machine.reset(zone);
        const reset = processorSeconds() - resetting;
        return { writes: zones / written / 1e6, resets: zones / reset / 1e6 };
      },
    },
    quantities: [
      { key: 'writes', name: 'first writes, zone after zone', unit: 'million/s', better: 'higher' },
      { key: 'resets', name: 'resets, zone after zone', unit: 'million/s', better: 'higher' },
    ],
  });
}

function reports(bench: Workbench, zones: number) {
  return bench.compare({
    ours: {
      name: 'ZoneMachine.report',
      run: () => {
        const before = process.memoryUsage().arrayBuffers;
        const machine = new ZoneMachine(geometryOf(zones, OPEN_ZONES));
        const bytes = (process.memoryUsage().arrayBuffers - before) / zones;
        const start = processorSeconds();
        const report = machine.report(0, zones);
        const ms = (processorSeconds() - start) * 1000;
        return { ms: report.length === zones ? ms : Number.NaN, bytes };
      },
    },
    quantities: [
      {
        key: 'ms',
        name: `report of ${zones.toLocaleString('en-US')} zones`,
        unit: 'ms',
        better: 'lower',
        goal: { value: 250 },
      },
      {
        key: 'bytes',
        name: 'memory of a zone',
        unit: 'bytes',
        better: 'lower',
        goal: { value: 48 },
      },
    ],
  });
}

/** Processor time that this process has used. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
