/** The zone state machine alone, without data: one core, no I/O. */
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
      ...(await appends(bench, 1000, count)),
      ...(await appends(bench, many, count)),
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

/** Appends to 14 zones in turn; a full one is reset. */
function appends(bench: Workbench, zones: number, count: number) {
  return bench.compare({
    ours: {
      name: 'ZoneMachine.append',
      run: () => {
        const machine = new ZoneMachine(geometryOf(zones, OPEN_ZONES));
        const perZone = ZONE_BYTES / BLOCK;
        const spread = Math.floor(zones / OPEN_ZONES);
        const start = performance.now();
        for (let index = 0; index < count; index++) {
          const zone = (index % OPEN_ZONES) * spread;
          if (index >= OPEN_ZONES && Math.floor(index / OPEN_ZONES) % perZone === 0)
            machine.reset(zone);
          machine.append(zone * ZONE_BYTES, BLOCK);
        }
        return { rate: count / secondsSince(start) / 1e6 };
      },
    },
    quantities: [
      {
        key: 'rate',
        name: `4 KiB appends, 14 open of ${zones.toLocaleString('en-US')} zones`,
        unit: 'million/s',
        better: 'higher',
        goal: { value: 12 },
      },
    ],
  });
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
        const start = performance.now();
        for (let index = 0; index < count; index++)
          machine.append((order[index] as number) * ZONE_BYTES, BLOCK);
        return { rate: count / secondsSince(start) / 1e6 };
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
        const writing = performance.now();
        for (let zone = 0; zone < zones; zone++) machine.write(zone * ZONE_BYTES, BLOCK);
        const written = secondsSince(writing);
        const resetting = performance.now();
        for (let zone = 0; zone < zones; zone++) machine.reset(zone);
        return { writes: zones / written / 1e6, resets: zones / secondsSince(resetting) / 1e6 };
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
      name: 'ZoneMachine.zone',
      run: () => {
        const before = process.memoryUsage().arrayBuffers;
        const machine = new ZoneMachine(geometryOf(zones));
        const bytes = (process.memoryUsage().arrayBuffers - before) / zones;
        const start = performance.now();
        const report = Array.from({ length: zones }, (_, index) => machine.zone(index));
        const ms = secondsSince(start) * 1000;
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

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
