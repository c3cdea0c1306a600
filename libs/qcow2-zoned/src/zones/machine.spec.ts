/** Behaviours of the state machine that a table of commands and conditions does not show. */

import { describe, expect, it } from '@jest/globals';
import type { ZoneMachine } from './machine.ts';
import { codeOf, conditions, KIB, machineOf, ZONE } from './machines.fixture.ts';
import { ZoneState, type ZoneTransition } from './zone.ts';

describe('select-all and ranges', () => {
  function closedZones(count: number, maxOpenZones: number): ZoneMachine {
    const machine = machineOf({ maxOpenZones });
    for (let index = 0; index < count; index++) {
      machine.write(index * ZONE, 512);
      machine.close(index);
    }
    return machine;
  }

  it('open all closed zones or none', () => {
    const machine = closedZones(3, 2);
    expect(codeOf(() => machine.openAll())).toBe('too_many_open_zones');
    expect(machine.openCount).toBe(0);
    machine.manageRange('open', 0, 2 * ZONE);
    expect(conditions(machine).slice(0, 4)).toEqual([
      'explicit-open',
      'explicit-open',
      'closed',
      'empty',
    ]);
  });

  it('make room for the zones that they open by closing implicitly open ones', () => {
    const machine = closedZones(2, 2);
    machine.write(2 * ZONE, 512);
    machine.openAll();
    expect(conditions(machine).slice(0, 3)).toEqual(['explicit-open', 'explicit-open', 'closed']);
  });

  it('finish open and closed zones, and leave empty ones', () => {
    const machine = closedZones(2, 0);
    machine.open(2);
    machine.finishAll();
    expect(conditions(machine).slice(0, 4)).toEqual(['full', 'full', 'full', 'empty']);
  });

  it('finish nothing where closed zones would need a slot that explicitly open ones hold', () => {
    const machine = closedZones(2, 1);
    machine.open(7);
    expect(codeOf(() => machine.manageRange('finish', 0, 2 * ZONE))).toBe('too_many_open_zones');
    expect(conditions(machine).slice(0, 2)).toEqual(['closed', 'closed']);
    machine.finishAll();
    expect(conditions(machine).filter((condition) => condition === 'full')).toHaveLength(3);
  });

  it('reset every sequential zone that is neither read-only nor offline', () => {
    const machine = machineOf({ conventionalZones: 1 });
    for (let index = 1; index < 6; index++) machine.write(index * ZONE, 512);
    machine.finish(2);
    machine.setReadOnly(3);
    machine.setOffline(4);
    machine.resetAll();
    expect(conditions(machine).slice(0, 6)).toEqual([
      'not-wp',
      'empty',
      'empty',
      'read-only',
      'offline',
      'empty',
    ]);
  });

  it('of one zone are the command on that zone', () => {
    const machine = machineOf({ conventionalZones: 1 });
    machine.manageRange('open', ZONE, ZONE);
    expect(machine.zone(1).condition).toBe('explicit-open');
    expect(codeOf(() => machine.manageRange('open', 0, ZONE))).toBe('invalid_field');
  });

  it('must begin and end with a zone', () => {
    const machine = machineOf();
    expect(codeOf(() => machine.manageRange('reset', 512, ZONE))).toBe('invalid_field');
    expect(codeOf(() => machine.manageRange('reset', 0, ZONE + 512))).toBe('invalid_field');
    expect(codeOf(() => machine.manageRange('reset', 0, 9 * ZONE))).toBe('lba_out_of_range');
  });
});

describe('resets', () => {
  it('count only where there was something to erase', () => {
    const machine = machineOf();
    machine.reset(0);
    machine.open(0);
    machine.reset(0);
    expect(machine.zone(0).resetCount).toBe(0);
    machine.write(0, 512);
    machine.reset(0);
    machine.finish(0);
    machine.reset(0);
    expect(machine.zone(0).resetCount).toBe(2);
  });
});

describe('a finished zone', () => {
  it('is reported full to its end, and remembers where its data ends', () => {
    const machine = machineOf();
    machine.write(0, 4096);
    machine.finish(0);
    expect(machine.zone(0)).toMatchObject({ condition: 'full', writePointer: ZONE });
    expect(machine.writePointers[0]).toBe(4096);
  });
});

describe('a failed write', () => {
  it('puts the write pointer back to the end of the good data, and never forward', () => {
    const machine = machineOf();
    machine.write(0, 12 * KIB);
    machine.retract(0, 4 * KIB);
    machine.retract(0, 8 * KIB);
    expect(machine.zone(0)).toMatchObject({ condition: 'implicit-open', writePointer: 4 * KIB });
    machine.write(4 * KIB, 512);
  });

  it('reopens room in the zone that it would have filled', () => {
    const machine = machineOf();
    machine.write(0, ZONE);
    machine.retract(0, 4 * KIB);
    expect(machine.zone(0)).toMatchObject({ condition: 'closed', writePointer: 4 * KIB });
    expect(machine.activeCount).toBe(1);
    machine.write(ZONE, ZONE);
    machine.retract(1, ZONE);
    expect(machine.zone(1).condition).toBe('empty');
  });

  it('leaves a zone full that was finished meanwhile', () => {
    const machine = machineOf();
    machine.write(0, 8 * KIB);
    machine.finish(0);
    machine.retract(0, 4 * KIB);
    expect(machine.zone(0).condition).toBe('full');
    expect(machine.writePointers[0]).toBe(4 * KIB);
  });
});

describe('zones loaded from an image', () => {
  it('count as active where they were open or closed, and are empty where nothing was written', () => {
    const machine = machineOf({ profile: 'zns', maxOpenZones: 1, maxActiveZones: 2 });
    machine.restore(0, ZoneState.ExplicitOpen, 512, 7);
    machine.restore(1, ZoneState.ImplicitOpen, ZONE + 512, 0);
    machine.restore(2, ZoneState.ExplicitOpen, 2 * ZONE, 0);
    machine.restore(3, ZoneState.Closed, 3 * ZONE + 1024, 0);
    machine.restore(4, ZoneState.Full, 4 * ZONE + 512, 0);
    expect(conditions(machine).slice(0, 5)).toEqual([
      'closed',
      'closed',
      'empty',
      'closed',
      'full',
    ]);
    expect(machine.activeCount).toBe(3);
    expect(machine.zone(0).resetCount).toBe(7);
    expect(codeOf(() => machine.write(2 * ZONE, 512))).toBe('too_many_active_zones');
  });

  it.each([
    ['a write pointer in another zone', 2, ZoneState.Closed, ZONE],
    ['a write pointer past the capacity', 2, ZoneState.Full, 2 * ZONE + 61 * KIB],
    ['a write pointer between blocks', 2, ZoneState.Closed, 2 * ZONE + 100],
    ['an empty zone with data', 2, ZoneState.Empty, 2 * ZONE + 512],
    ['a closed zone without room', 2, ZoneState.Closed, 2 * ZONE + 60 * KIB],
    ['a sequential zone without a write pointer', 2, ZoneState.NotWritePointer, 2 * ZONE],
    ['a condition that does not exist', 2, 7 as ZoneState, 2 * ZONE],
  ])('are refused with %s', (_, index, state, pointer) => {
    const machine = machineOf({ profile: 'zns', zoneCapacity: 60 * KIB });
    expect(codeOf(() => machine.restore(index, state, pointer, 0))).toBe('image_corrupt');
    expect(machine.zone(2)).toMatchObject({ condition: 'empty', writePointer: 2 * ZONE });
  });
});

describe('transitions', () => {
  it('are told in order with their causes, the zone closed to make room first', () => {
    const machine = machineOf({ maxOpenZones: 1 });
    const told: ZoneTransition[] = [];
    machine.write(0, 512);
    machine.onTransition = (transition) => told.push(transition);
    machine.append(ZONE, ZONE);
    machine.reset(1);
    machine.reset(1);
    machine.setReadOnly(1);
    const { Empty, ImplicitOpen, Closed, Full, ReadOnly } = ZoneState;
    expect(told).toEqual([
      { zoneIndex: 0, from: ImplicitOpen, to: Closed, cause: 'auto-close' },
      { zoneIndex: 1, from: Empty, to: ImplicitOpen, cause: 'append' },
      { zoneIndex: 1, from: ImplicitOpen, to: Full, cause: 'append' },
      { zoneIndex: 1, from: Full, to: Empty, cause: 'reset' },
      { zoneIndex: 1, from: Empty, to: ReadOnly, cause: 'fault' },
    ]);
  });
});

describe('a clone', () => {
  it('takes commands without telling anyone or changing the original', () => {
    const machine = machineOf({ maxOpenZones: 1 });
    machine.write(0, 512);
    const told: ZoneTransition[] = [];
    machine.onTransition = (transition) => told.push(transition);
    const rehearsal = machine.clone();
    rehearsal.write(ZONE, ZONE);
    rehearsal.reset(0);
    expect(conditions(machine).slice(0, 2)).toEqual(['implicit-open', 'empty']);
    expect(told).toEqual([]);
    machine.write(512, 512);
    machine.assertConsistent();
    rehearsal.assertConsistent();
  });
});

describe('a million zones', () => {
  it('are served in write order at the open limit', () => {
    const count = 1_000_000;
    const machine = machineOf({ size: count * ZONE, maxOpenZones: 128 });
    for (let index = 0; index < count; index++) machine.write(index * ZONE, 512);
    expect(machine.openCount).toBe(128);
    expect(machine.activeCount).toBe(count);
    expect(machine.zone(count - 129).condition).toBe('closed');
    expect(machine.zone(count - 128).condition).toBe('implicit-open');
  });
});
