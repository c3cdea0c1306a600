/** Which requests a device refuses, and why. */

import { describe, expect, it } from '@jest/globals';
import { ZoneMachine } from './machine.ts';
import { codeOf, conditions, KIB, machineOf, refusal, ZONE } from './machines.fixture.ts';

describe('requests', () => {
  it.each([
    [100, 512, 'offset'],
    [0, 100, 'length'],
    [0, 0, 'length'],
    [0, -512, 'length'],
    [Number.NaN, 512, 'offset'],
    [0, Number.POSITIVE_INFINITY, 'length'],
  ])('refuses offset %p with length %p as not whole blocks', (offset, length, field) => {
    const machine = machineOf();
    for (const run of [
      () => machine.checkRead(offset, length),
      () => machine.write(offset, length),
      () => machine.append(offset, length),
      () => machine.manageRange('reset', offset, length),
    ]) {
      expect(refusal(run)).toMatchObject({ code: 'invalid_field', context: { field } });
    }
  });

  it('counts in blocks of 4096 where the device does', () => {
    const machine = machineOf({ logicalBlockSize: 4096 });
    expect(codeOf(() => machine.write(0, 512))).toBe('invalid_field');
    machine.write(0, 4096);
    expect(machine.zone(0).writePointer).toBe(4096);
  });

  it.each([
    [-512, 512],
    [8 * ZONE, 512],
    [8 * ZONE - 512, 1024],
    [2 ** 62, 512],
  ])('refuses offset %p with length %p as out of range', (offset, length) => {
    const machine = machineOf();
    expect(codeOf(() => machine.checkRead(offset, length))).toBe('lba_out_of_range');
    expect(codeOf(() => machine.checkWrite(offset, length))).toBe('lba_out_of_range');
  });

  it.each([-1, 8, 1.5, Number.NaN])('refuses %p as a zone index', (index) => {
    const machine = machineOf();
    expect(codeOf(() => machine.reset(index))).toBe('lba_out_of_range');
    expect(codeOf(() => machine.zone(index))).toBe('lba_out_of_range');
    expect(codeOf(() => machine.setOffline(index))).toBe('lba_out_of_range');
  });

  it('says in one line which zone refused what, and carries the same as context', () => {
    const machine = machineOf();
    machine.write(3 * ZONE, 4096);
    const error = refusal(() => machine.write(3 * ZONE, 512));
    expect(error.message).toBe(
      'zone 3: write at 0x30000 is not at the write pointer 0x31000 (length 512, condition implicit-open)',
    );
    expect(error.context).toEqual({
      zoneIndex: 3,
      zoneCondition: 'implicit-open',
      writePointer: 0x31000,
      offset: 0x30000,
      length: 512,
    });
  });
});

describe('writes', () => {
  it('fill a zone whose capacity is not a power of two, and no further', () => {
    const machine = machineOf({ profile: 'zns', zoneCapacity: 48 * KIB - 512 });
    machine.write(0, 47 * KIB);
    expect(codeOf(() => machine.write(47 * KIB, KIB))).toBe('zone_boundary_error');
    machine.write(47 * KIB, 512);
    expect(machine.zone(0)).toMatchObject({
      condition: 'full',
      capacity: 48 * KIB - 512,
      writePointer: ZONE,
    });
    expect(machine.writePointers[0]).toBe(48 * KIB - 512);
    expect(machine.openCount + machine.activeCount).toBe(0);
  });

  it('reach zones far beyond 32 bits, of a size that is not a power of two', () => {
    const zoneSize = 96 * KIB * KIB;
    const machine = machineOf({ size: 200_000 * zoneSize, zoneSize });
    const start = 199_999 * zoneSize;
    machine.write(start, 4096);
    expect(machine.append(start, 4096)).toBe(start + 4096);
    expect(machine.zone(199_999)).toMatchObject({ start, writePointer: start + 8192 });
    expect(machine.zoneIndexOf(start - 1)).toBe(199_998);
  });

  it('may cross from one conventional zone into the next, but not into a sequential one', () => {
    const machine = machineOf({ conventionalZones: 2 });
    machine.write(ZONE - 512, 1024);
    expect(codeOf(() => machine.write(2 * ZONE - 512, 1024))).toBe('zone_boundary_error');
    expect(machine.zone(1)).toMatchObject({ condition: 'not-wp', writePointer: ZONE });
  });

  it('are refused by a conventional zone that a fault made read-only', () => {
    const machine = machineOf({ conventionalZones: 2 });
    machine.setReadOnly(1);
    expect(codeOf(() => machine.write(ZONE - 512, 1024))).toBe('zone_read_only');
  });

  it('take the short last zone to its own end', () => {
    const machine = machineOf({ size: 7 * ZONE + 16 * KIB });
    machine.write(7 * ZONE, 16 * KIB);
    expect(machine.zone(7)).toMatchObject({
      condition: 'full',
      size: 16 * KIB,
      capacity: 16 * KIB,
    });
    machine.manageRange('reset', 6 * ZONE, ZONE + 16 * KIB);
    expect(machine.zone(7)).toMatchObject({ condition: 'empty', writePointer: 7 * ZONE });
  });

  it('are checked without effect by checkWrite', () => {
    const machine = machineOf({ maxOpenZones: 1 });
    machine.write(0, 512);
    machine.checkWrite(ZONE, 512);
    expect(conditions(machine).slice(0, 2)).toEqual(['implicit-open', 'empty']);
  });
});

describe('appends', () => {
  it('get places one after the other', () => {
    const machine = machineOf();
    const addresses = [4096, 512, 8192].map((length) => machine.append(ZONE, length));
    expect(addresses).toEqual([ZONE, ZONE + 4096, ZONE + 4608]);
  });

  it.each([
    ['away from a zone start', ZONE + 512, 512, 'invalid_field'],
    ['longer than the largest', ZONE, 8192, 'invalid_field'],
    ['to a conventional zone', 0, 512, 'invalid_field'],
  ])('are refused %s', (_, offset, length, code) => {
    const machine = machineOf({ conventionalZones: 1, maxAppendBytes: 4096 });
    expect(codeOf(() => machine.append(offset, length))).toBe(code);
  });

  it('are refused by a device that has none', () => {
    const machine = machineOf({ maxAppendBytes: 0 });
    expect(codeOf(() => machine.append(0, 512))).toBe('invalid_zone_operation');
  });
});

describe('reads', () => {
  it('may cross zones, and reach past the write pointer', () => {
    machineOf().checkRead(0, 8 * ZONE);
  });

  it('stay within a zone where the device is told so', () => {
    const machine = new ZoneMachine(machineOf().geometry, { readAcrossZones: false });
    machine.checkRead(0, ZONE);
    expect(codeOf(() => machine.checkRead(ZONE - 512, 1024))).toBe('zone_boundary_error');
  });

  it('stop at the write pointer where the device is told so', () => {
    const machine = new ZoneMachine(machineOf({ conventionalZones: 1 }).geometry, {
      readBeyondWritePointer: 'error',
    });
    machine.write(ZONE, 4096);
    machine.checkRead(0, ZONE + 4096);
    expect(codeOf(() => machine.checkRead(ZONE, 4608))).toBe('read_beyond_write_pointer');
    machine.finish(1);
    machine.checkRead(ZONE, ZONE);
  });

  it('cannot be told so under zns', () => {
    const { geometry } = machineOf({ profile: 'zns' });
    expect(codeOf(() => new ZoneMachine(geometry, { readBeyondWritePointer: 'error' }))).toBe(
      'invalid_option',
    );
  });

  it('fail where one of several zones is offline', () => {
    const machine = machineOf();
    machine.setOffline(2);
    expect(refusal(() => machine.checkRead(ZONE, 2 * ZONE))).toMatchObject({
      code: 'zone_offline',
      context: { zoneIndex: 2 },
    });
  });
});

describe('limits', () => {
  it('close the zone least recently written, not the one least recently opened', () => {
    const machine = machineOf({ maxOpenZones: 2 });
    machine.write(0, 512);
    machine.write(ZONE, 512);
    machine.write(512, 512);
    machine.write(2 * ZONE, 512);
    expect(conditions(machine).slice(0, 3)).toEqual(['implicit-open', 'closed', 'implicit-open']);
  });

  it('name the active limit first where both are reached', () => {
    const machine = machineOf({ maxOpenZones: 1, maxActiveZones: 1 });
    machine.open(0);
    expect(codeOf(() => machine.write(ZONE, 512))).toBe('too_many_active_zones');
    expect(codeOf(() => machine.open(1))).toBe('too_many_active_zones');
  });

  it('hold for opens alone where no active limit is given', () => {
    const machine = machineOf({ maxOpenZones: 1 });
    machine.open(0);
    expect(codeOf(() => machine.open(1))).toBe('too_many_open_zones');
    machine.close(0);
    machine.open(1);
  });

  it('leave the victim open when the write is refused for another reason', () => {
    const machine = machineOf({ maxOpenZones: 1 });
    machine.write(0, 512);
    expect(codeOf(() => machine.write(ZONE + 512, 512))).toBe('zone_invalid_write');
    expect(codeOf(() => machine.write(ZONE, 2 * ZONE))).toBe('zone_boundary_error');
    expect(machine.zone(0).condition).toBe('implicit-open');
  });

  it('need a slot even for a write that fills the zone at once', () => {
    const machine = machineOf({ maxOpenZones: 1 });
    machine.open(0);
    expect(codeOf(() => machine.write(ZONE, ZONE))).toBe('too_many_open_zones');
  });

  it('do not hold with enforceLimits off, while write pointers do', () => {
    const { geometry } = machineOf({ maxOpenZones: 1, maxActiveZones: 1 });
    const machine = new ZoneMachine(geometry, { enforceLimits: false });
    for (let index = 0; index < 8; index++) machine.open(index);
    expect(machine.openCount).toBe(8);
    expect(codeOf(() => machine.write(512, 512))).toBe('zone_invalid_write');
  });
});
