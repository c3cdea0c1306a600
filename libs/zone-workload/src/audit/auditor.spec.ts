import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type ZonedProfile, zoneGeometry } from '@zonelab/qcow2-zoned';
import { type Command, Op } from '../device/command.ts';
import { SimulatedDevice } from '../device/simulated-device.ts';
import { ConstantTiming } from '../device/timing.ts';
import { Random } from '../random.ts';
import { Auditor, type Observed } from './auditor.ts';

const KIB = 1024;

function geometryOf(profile: ZonedProfile) {
  return zoneGeometry({
    profile,
    size: profile === 'zns' ? 16 * 64 * KIB : 15 * 64 * KIB + 12 * KIB,
    zoneSize: 64 * KIB,
    zoneCapacity: profile === 'zns' ? 44 * KIB : 64 * KIB,
    conventionalZones: profile === 'zns' ? 0 : 2,
    maxOpenZones: 3,
    maxActiveZones: 5,
    maxAppendBytes: 16 * KIB,
    logicalBlockSize: 4096,
  });
}

/** Any command of a host that does not look where it writes: past full zones too, and past the device. */
function anyCommand(random: Random, device: SimulatedDevice): Command {
  const { zoneCount, zoneSize } = device.geometry;
  const zone = random.below(zoneCount);
  const op = random.below(7) as Op;
  const length = op >= Op.Reset ? 0 : (1 + random.below(4)) * 4 * KIB;
  if (op !== Op.Write) return { op, zoneIndex: zone, length, offset: zone * zoneSize };
  const astray = zone * zoneSize + random.below(4) * 4 * KIB;
  const offset = random.below(8) > 0 ? device.writePointer(zone) : astray;
  return { op, zoneIndex: Math.min(Math.floor(offset / zoneSize), zoneCount - 1), length, offset };
}

function newDevice(profile: ZonedProfile, prefilledZones = 0) {
  const geometry = geometryOf(profile);
  return {
    device: new SimulatedDevice(geometry, new ConstantTiming(0), prefilledZones),
    auditor: new Auditor(geometry, prefilledZones),
  };
}

describe('Auditor', () => {
  it.each<ZonedProfile>(['zbc', 'zns'])('agrees with a %s device on any commands', (profile) => {
    for (let seed = 0; seed < 20; seed++) {
      const { device, auditor } = newDevice(profile, seed % 4);
      const random = new Random(seed);
      for (let n = 0; n < 2000; n++) {
        const command = anyCommand(random, device);
        try {
          auditor.check(command, device.submit(command), device);
        } catch (error) {
          throw new Error(`seed ${seed}, command ${n} ${JSON.stringify(command)}`, {
            cause: error,
          });
        }
      }
      auditor.checkAll(device);
    }
  });

  const write: Command = { op: Op.Write, zoneIndex: 0, offset: 0, length: 4096 };
  const honest: Observed = {
    condition: (zone) => (zone === 0 ? 'implicit-open' : 'empty'),
    occupied: (zone) => (zone === 0 ? 4096 : 0),
    openCount: 1,
    activeCount: 1,
  };
  const lies: [string, string | undefined, Partial<Observed>][] = [
    ['refuses what it must accept', 'zone_full', {}],
    ['moves the write pointer too far', undefined, { occupied: () => 8192 }],
    ['leaves the zone in the wrong condition', undefined, { condition: () => 'explicit-open' }],
    ['loses count of its open zones', undefined, { openCount: 0 }],
    ['loses count of its active zones', undefined, { activeCount: 2 }],
  ];

  it('accepts a device that does as it must', () => {
    const { auditor } = newDevice('zns');
    auditor.check(write, undefined, honest);
    auditor.checkAll(honest);
  });

  it.each(lies)('stops at a device that %s', (_what, refusal, lie) => {
    const { auditor } = newDevice('zns');
    expect(() => auditor.check(write, refusal, { ...honest, ...lie })).toThrow(
      expect.objectContaining({ code: 'audit_mismatch' }),
    );
  });

  it('finds a zone that changed though no command named it', () => {
    const { auditor } = newDevice('zns');
    auditor.check(write, undefined, honest);
    const occupied = (zone: number) => (zone === 9 ? 512 : honest.occupied(zone));
    expect(() => auditor.checkAll({ ...honest, occupied })).toThrow(/zone 9/);
  });
});

it('shares nothing with what it judges but the form of commands', () => {
  const source = readFileSync(new URL('./auditor.ts', import.meta.url), 'utf8');
  const imports = source.split('\n').filter((line) => line.startsWith('import '));
  const code = imports.filter((line) => !line.startsWith('import type '));
  expect(code.map((line) => line.split("'")[1]).sort()).toEqual([
    '../device/command.ts',
    '../errors.ts',
  ]);
});
