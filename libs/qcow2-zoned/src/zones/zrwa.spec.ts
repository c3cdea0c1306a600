/**
 * Zone random write areas and descriptor extensions. Expectations from NVMe ZNS 1.1: Zone Random Write Area, Zone
 * Management Send (Open Zone with ZRWAA, Commit Zone, Set Zone Descriptor Extension), and their status values.
 */
import { describe, expect, it } from '@jest/globals';
import { ImageError } from '../errors.ts';
import { validateGeometry, zoneGeometry } from './geometry.ts';
import { ZoneMachine } from './machine.ts';
import { ZoneState } from './zone.ts';

const KiB = 1024;
const ZONE = 1024 * KiB;
const CAPACITY = 768 * KiB;
const AREA = 64 * KiB;
const UNIT = 16 * KiB;

function newMachine(options: object = {}): ZoneMachine {
  return new ZoneMachine(
    zoneGeometry({
      ...{ size: 8 * ZONE, zoneSize: ZONE, zoneCapacity: CAPACITY, profile: 'zns' },
      ...{ maxOpenZones: 3, maxActiveZones: 4, maxAppendBytes: 64 * KiB },
      ...{ zrwaSize: AREA, zrwaFlushGranularity: UNIT, zrwaZones: 2 },
      ...{ descriptorExtensionSize: 128, ...options },
    }),
  );
}

function outcome(command: () => void): string {
  try {
    command();
    return 'ok';
  } catch (error) {
    if (error instanceof ImageError) return error.code;
    throw error;
  }
}

/** Brings zone 0 into a condition without a random write area. */
const CONDITIONS: Record<string, (machine: ZoneMachine) => void> = {
  empty: () => undefined,
  'implicit-open': (machine) => machine.write(0, 4 * KiB),
  'explicit-open': (machine) => machine.open(0),
  closed: (machine) => {
    machine.write(0, 4 * KiB);
    machine.close(0);
  },
  full: (machine) => machine.finish(0),
  'read-only': (machine) => machine.setReadOnly(0),
  offline: (machine) => machine.setOffline(0),
};

it.each(Object.keys(CONDITIONS))(
  'gives an area and an extension to an empty zone only: %s',
  (name) => {
    const expected = name === 'empty' ? 'ok' : 'invalid_zone_transition';
    for (const command of ['openWithZrwa', 'setExtension'] as const) {
      const machine = newMachine();
      CONDITIONS[name]?.(machine);
      const before = machine.zone(0);
      expect(outcome(() => machine[command](0))).toBe(expected);
      if (expected !== 'ok') expect(machine.zone(0)).toEqual(before);
      machine.assertConsistent();
    }
  },
);

it('opens a zone with its area explicitly, and closes one with its extension', () => {
  const machine = newMachine();
  machine.openWithZrwa(0);
  machine.setExtension(1);
  expect(machine.zone(0)).toMatchObject({ condition: 'explicit-open', zrwa: true });
  expect(machine.zone(1)).toMatchObject({ condition: 'closed', extension: true });
  expect([machine.openCount, machine.activeCount]).toEqual([1, 2]);
});

it('refuses both on disks that have none', () => {
  const machine = newMachine({
    ...{ zrwaSize: 0, zrwaFlushGranularity: 0, zrwaZones: 0, descriptorExtensionSize: 0 },
  });
  expect(outcome(() => machine.openWithZrwa(0))).toBe('invalid_field');
  expect(outcome(() => machine.setExtension(0))).toBe('invalid_field');
});

describe('resources', () => {
  it('are asked for in the order active, open, area', () => {
    const machine = newMachine();
    machine.openWithZrwa(0);
    machine.openWithZrwa(1);
    expect(outcome(() => machine.openWithZrwa(2))).toBe('zrwa_unavailable');
    machine.open(2);
    expect(outcome(() => machine.openWithZrwa(3))).toBe('too_many_open_zones');
    machine.setExtension(3);
    expect(outcome(() => machine.openWithZrwa(4))).toBe('too_many_active_zones');
    expect(outcome(() => machine.setExtension(4))).toBe('too_many_active_zones');
    machine.assertConsistent();
  });

  it.each<[string, (machine: ZoneMachine) => void, boolean]>([
    ['reset', (machine) => machine.reset(0), true],
    ['finish', (machine) => machine.finish(0), true],
    ['read-only', (machine) => machine.setReadOnly(0), true],
    ['offline', (machine) => machine.setOffline(0), true],
    ['close', (machine) => machine.close(0), false],
    ['open', (machine) => machine.openWithZrwa(0), false],
  ])('an area is given back by what ends the zone: %s', (_name, command, freed) => {
    const machine = newMachine();
    machine.openWithZrwa(0);
    machine.openWithZrwa(1);
    machine.write(32 * KiB, 4 * KiB);
    command(machine);
    expect(machine.zone(0).zrwa).toBe(freed ? undefined : true);
    expect(outcome(() => machine.openWithZrwa(2))).toBe(freed ? 'ok' : 'zrwa_unavailable');
    machine.assertConsistent();
  });
});

describe('a write into an area', () => {
  it.each<[string, number, number, string, number]>([
    ['at the write pointer', 0, 4 * KiB, 'ok', 0],
    ['in the middle', 20 * KiB, 4 * KiB, 'ok', 0],
    ['up to its end', 60 * KiB, 4 * KiB, 'ok', 0],
    ['one block past its end', 64 * KiB, 512, 'ok', UNIT],
    ['across its end', 60 * KiB, 24 * KiB, 'ok', 2 * UNIT],
    ['up to twice its size', 124 * KiB, 4 * KiB, 'ok', AREA],
    ['past twice its size', 124 * KiB, 4 * KiB + 512, 'zone_invalid_write', 0],
    ['longer than itself', 0, 128 * KiB, 'ok', AREA],
  ])('%s', (_name, offset, length, result, pointer) => {
    const machine = newMachine();
    machine.openWithZrwa(0);
    expect(outcome(() => machine.write(offset, length))).toBe(result);
    expect(machine.zone(0).writePointer).toBe(pointer);
    expect(machine.zone(0).condition).toBe('explicit-open');
  });

  it('may be made again, but never below the write pointer', () => {
    const machine = newMachine();
    machine.openWithZrwa(0);
    machine.write(0, 32 * KiB);
    machine.write(8 * KiB, 4 * KiB);
    machine.commit(0, 2 * UNIT);
    expect(outcome(() => machine.write(UNIT, 4 * KiB))).toBe('zone_invalid_write');
    expect(outcome(() => machine.write(2 * UNIT, 4 * KiB))).toBe('ok');
  });

  it('opens a closed zone implicitly, and keeps the area', () => {
    const machine = newMachine();
    machine.openWithZrwa(0);
    machine.write(0, 4 * KiB);
    machine.close(0);
    machine.write(8 * KiB, 4 * KiB);
    expect(machine.zone(0)).toMatchObject({ condition: 'implicit-open', zrwa: true });
  });

  it('ends at the capacity', () => {
    const machine = newMachine();
    machine.openWithZrwa(0);
    for (let at = 0; at < CAPACITY - AREA; at += UNIT) machine.write(at + AREA, UNIT);
    expect(machine.zone(0)).toMatchObject({ condition: 'explicit-open' });
    expect(machine.zone(0).writePointer).toBe(CAPACITY - AREA);
    expect(outcome(() => machine.write(CAPACITY - 512, 1024))).toBe('zone_boundary_error');
    machine.commit(0, CAPACITY);
    expect(machine.states[0]).toBe(ZoneState.Full);
    expect(machine.zone(0).zrwa).toBeUndefined();
    machine.assertConsistent();
  });
});

it('refuses appends to a zone with an area', () => {
  const machine = newMachine();
  machine.openWithZrwa(0);
  expect(outcome(() => machine.append(0, 4 * KiB))).toBe('invalid_zone_operation');
});

it.each<[string, number, string]>([
  ['one unit', UNIT, 'ok'],
  ['the whole area', AREA, 'ok'],
  ['nothing', 0, 'invalid_field'],
  ['half a unit', UNIT / 2, 'invalid_field'],
  ['past the area', AREA + UNIT, 'invalid_field'],
])('commits whole units of the area: %s', (_name, end, result) => {
  const machine = newMachine();
  machine.openWithZrwa(0);
  expect(outcome(() => machine.commit(0, end))).toBe(result);
  expect(machine.zone(0).writePointer).toBe(result === 'ok' ? end : 0);
});

it('refuses a commit of a zone without an area', () => {
  const machine = newMachine();
  machine.open(0);
  expect(outcome(() => machine.commit(0, UNIT))).toBe('invalid_field');
});

it('keeps the extension of a full zone, and drops it with a reset', () => {
  const machine = newMachine();
  machine.setExtension(0);
  machine.write(0, 4 * KiB);
  machine.finish(0);
  expect(machine.zone(0).extension).toBe(true);
  machine.reset(0);
  expect(machine.zone(0)).toMatchObject({ condition: 'empty' });
  expect(machine.zone(0).extension).toBeUndefined();
});

it.each<[object, string]>([
  [{ zrwaSize: UNIT * 1.5 }, 'zrwaSize'],
  [{ zrwaSize: CAPACITY + UNIT }, 'zrwaSize'],
  [{ zrwaSize: 0 }, 'zrwaSize'],
  [{ zrwaFlushGranularity: 100 }, 'zrwaFlushGranularity'],
  [{ zrwaZones: 5 }, 'zrwaZones'],
  [{ zrwaZones: 0 }, 'zrwaZones'],
  [{ descriptorExtensionSize: 100 }, 'descriptorExtensionSize'],
  [{ descriptorExtensionSize: 64 * 256 }, 'descriptorExtensionSize'],
  [{ profile: 'zbc', zoneCapacity: ZONE }, 'zrwaSize'],
])('refuses a geometry with %j, naming the field', (change, field) => {
  const geometry = { ...newMachine().geometry, ...change };
  expect(() => validateGeometry(geometry)).toThrow(
    expect.objectContaining({ context: expect.objectContaining({ field }) }),
  );
});
