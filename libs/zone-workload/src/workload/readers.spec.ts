import { describe, expect, it } from '@jest/globals';
import { zoneGeometry } from '@zonelab/qcow2-zoned';
import { type Command, Op } from '../device/command.ts';
import { SimulatedDevice } from '../device/simulated-device.ts';
import { ConstantTiming } from '../device/timing.ts';
import { Random } from '../random.ts';
import { BelowWpReader, RandomReader } from './readers.ts';

const MIB = 1024 * 1024;
const BLOCK = 4096;
const span = { first: 1, count: 6 };

/** Zone 2 holds 10 blocks, zone 4 is full, zone 5 holds less than a block. */
function writtenDevice(): SimulatedDevice {
  const geometry = zoneGeometry({ size: 8 * MIB, zoneSize: MIB });
  const device = new SimulatedDevice(geometry, new ConstantTiming(0), 0);
  for (const [zoneIndex, length] of [
    [2, 10 * BLOCK],
    [4, MIB],
    [5, 512],
  ] as const) {
    device.submit({ op: Op.Write, zoneIndex, offset: zoneIndex * MIB, length });
  }
  return device;
}

const emptyCommand = (): Command => ({ op: Op.Write, zoneIndex: 0, offset: 0, length: 0 });

describe('BelowWpReader', () => {
  it('reads whole blocks below the write pointer, of all zones that hold one', () => {
    const device = writtenDevice();
    const reader = new BelowWpReader(device, span, BLOCK, [new Random(1)]);
    const command = emptyCommand();
    const zones = new Set<number>();
    for (let n = 0; n < 2000; n++) {
      expect(reader.next(0, command)).toBe(true);
      zones.add(command.zoneIndex);
      const end = command.offset + command.length;
      if (end > device.writePointer(command.zoneIndex)) throw new Error(`read up to ${end}`);
    }
    expect([...zones].sort()).toEqual([2, 4]);
    expect(command).toMatchObject({ op: Op.Read, length: BLOCK });
  });

  it('reads a zone no more once it is reset, and again once it is written', () => {
    const device = writtenDevice();
    const reader = new BelowWpReader(device, span, BLOCK, [new Random(1)]);
    const command = emptyCommand();
    for (const zoneIndex of [2, 4]) {
      device.submit({ op: Op.Reset, zoneIndex, offset: zoneIndex * MIB, length: 0 });
    }
    expect(reader.next(0, command)).toBe(false);
    device.submit({ op: Op.Write, zoneIndex: 2, offset: 2 * MIB, length: BLOCK });
    reader.written(2);
    expect(reader.next(0, command)).toBe(true);
    expect(command.offset).toBe(2 * MIB);
  });
});

describe('RandomReader', () => {
  it('reads all over its zones and nowhere else', () => {
    const reader = new RandomReader(writtenDevice(), span, MIB / 2, [new Random(1)]);
    const offsets = new Set<number>();
    const command = emptyCommand();
    for (let n = 0; n < 500; n++) {
      reader.next(0, command);
      offsets.add(command.offset);
    }
    const everyHalf = Array.from({ length: 12 }, (_, half) => MIB + (half * MIB) / 2);
    expect([...offsets].sort((a, b) => a - b)).toEqual(everyHalf);
  });
});
