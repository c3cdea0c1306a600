/** Faults on demand, and what the disk says and holds after them. */
import fs from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type OpenOptions, ZonedDevice } from '../device/zoned-device.ts';
import { KiB, MiB, qemuCheck, rawContent, testDisks } from '../disk.fixture.ts';
import { ImageError } from '../errors.ts';
import type { ZoneEvent } from '../zones/zone.ts';
import type { FaultPlan, FaultRule } from './plan.ts';
import { loadFaults, saveFaults } from './store.ts';

const disks = testDisks();
const DISK = {
  size: 4 * MiB,
  clusterSize: 4 * KiB,
  zoned: { zoneSize: MiB, conventionalZones: 1, maxAppendBytes: 64 * KiB },
};

async function openWith(rules: FaultRule[], options: OpenOptions = {}) {
  const file = await disks.create(DISK);
  return { file, device: await ZonedDevice.open(file, { ...options, faults: { rules } }) };
}

/** Writes 4 KiB at the write pointer of a zone; tells how it went. */
async function write(device: ZonedDevice, zone: number, fill = 1): Promise<string> {
  const { writePointer } = device.zone(zone);
  return outcome(() => device.write(writePointer, Buffer.alloc(4 * KiB, fill)));
}

async function outcome(command: () => unknown): Promise<string> {
  try {
    await command();
    return 'ok';
  } catch (error) {
    if (error instanceof ImageError) return error.code;
    throw error;
  }
}

describe('a rule', () => {
  it('fails the nth write of its zone, and no other', async () => {
    const { device } = await openWith([{ on: 'write', zone: 2, nth: 2, fail: 'io_error' }]);
    const results = [];
    for (const zone of [1, 2, 1, 2, 2]) results.push(await write(device, zone));
    expect(results).toEqual(['ok', 'ok', 'ok', 'io_error', 'ok']);
    expect(device.zone(2).writePointer).toBe(2 * MiB + 8 * KiB);
    expect(device.faultStatus()).toMatchObject([{ seen: 3, fired: 1 }]);
    await device.close();
  });

  it('fails every kth read of its range, so often as it says', async () => {
    const { device } = await openWith([
      { on: 'read', range: { offset: 8192, length: 512 }, every: 2, times: 2, fail: 'io_error' },
    ]);
    const results = [];
    for (let i = 0; i < 7; i++)
      results.push(await outcome(() => device.read(4096, Buffer.alloc(8192))));
    expect(results).toEqual(['ok', 'io_error', 'ok', 'io_error', 'ok', 'ok', 'ok']);
    expect(await outcome(() => device.read(0, Buffer.alloc(8192)))).toBe('ok');
    await device.close();
  });

  it('fails an append, a flush and each kind of zone management', async () => {
    const { device } = await openWith([
      { on: 'append', nth: 1, fail: 'io_error' },
      { on: 'flush', nth: 1, fail: 'no_space' },
      { on: 'reset', zone: 3, nth: 1, fail: 'zone_offline' },
      { on: 'open', nth: 1, fail: 'too_many_open_zones' },
      { on: 'close', nth: 1, fail: 'io_error' },
      { on: 'finish', nth: 1, fail: 'io_error' },
    ]);
    const data = Buffer.alloc(4 * KiB, 1);
    const twice = async (command: () => unknown) => [
      await outcome(command),
      await outcome(command),
    ];
    expect(await twice(() => device.append(MiB, data))).toEqual(['io_error', 'ok']);
    expect(await twice(() => device.flush())).toEqual(['no_space', 'ok']);
    expect(await twice(() => device.manage('open', 1))).toEqual(['too_many_open_zones', 'ok']);
    expect(await twice(() => device.manage('close', 1))).toEqual(['io_error', 'ok']);
    expect(await twice(() => device.manageRange('finish', MiB, MiB))).toEqual(['io_error', 'ok']);
    await write(device, 3);
    expect(await outcome(() => device.manageAll('reset'))).toBe('zone_offline');
    expect(device.report(1, 3).map(({ condition }) => condition)).toEqual([
      'full',
      'empty',
      'implicit-open',
    ]);
    expect(await outcome(() => device.manageAll('reset'))).toBe('ok');
    await device.close();
  });

  it('names the zone, its condition and its write pointer in the error', async () => {
    const { device } = await openWith([{ on: 'write', nth: 2, fail: 'io_error' }]);
    await write(device, 1);
    const attempt = async () => device.write(MiB + 4 * KiB, Buffer.alloc(512));
    await expect(attempt()).rejects.toMatchObject({
      code: 'io_error',
      context: {
        zoneIndex: 1,
        zoneCondition: 'implicit-open',
        writePointer: MiB + 4 * KiB,
        offset: MiB + 4 * KiB,
        length: 512,
      },
    });
    await device.close();
  });

  it('answers later by its delay, though the command has taken effect', async () => {
    const { device } = await openWith([]);
    const delays: number[] = [];
    let release = (): void => undefined;
    const wait = (milliseconds: number) => {
      delays.push(milliseconds);
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    };
    device.setFaults({ rules: [{ on: 'write', delayMs: 250 }] }, { wait });
    let answered = false;
    const pending = Promise.resolve(device.write(MiB, Buffer.alloc(512))).then(() => {
      answered = true;
    });
    expect(device.zone(1).writePointer).toBe(MiB + 512);
    expect([delays, answered]).toEqual([[250], false]);
    release();
    await pending;
    expect(answered).toBe(true);
    await device.close();
  });

  it('makes a zone read-only or offline, and the image keeps that', async () => {
    const { device, file } = await openWith([
      { on: 'write', zone: 1, nth: 2, fail: 'io_error', becomes: 'read-only' },
      { on: 'read', zone: 2, nth: 1, becomes: 'offline' },
    ]);
    expect([await write(device, 1), await write(device, 1)]).toEqual(['ok', 'io_error']);
    await device.read(2 * MiB, Buffer.alloc(512));
    await device.close();
    const back = await ZonedDevice.open(file, { readOnly: true });
    expect(back.report(1, 2).map(({ condition }) => condition)).toEqual(['read-only', 'offline']);
    expect(back.zone(1).writePointer).toBe(MiB + 4 * KiB);
    await back.close();
  });

  it('wears zones out by their reset counts, each at its own, again by the seed', async () => {
    const ends: number[][] = [];
    for (const seed of [1, 1, 2]) {
      const { device } = await openWith([]);
      const rules: FaultRule[] = [{ on: 'reset', resets: 3, spread: 9, becomes: 'read-only' }];
      device.setFaults({ seed, rules });
      for (let round = 0; round < 13; round++)
        for (const zone of [1, 2, 3])
          if ((await write(device, zone)) === 'ok') await device.manage('reset', zone);
      ends.push(device.report(1, 3).map(({ resetCount }) => resetCount));
      expect(device.report(1, 3).every(({ condition }) => condition === 'read-only')).toBe(true);
      await device.close();
    }
    expect(ends[1]).toEqual(ends[0]);
    expect(ends[2]).not.toEqual(ends[0]);
    for (const count of ends.flat()) expect([count >= 3, count <= 12]).toEqual([true, true]);
  });

  it('for a zone that the disk does not have is refused, naming it', async () => {
    const { device } = await openWith([]);
    const plan: FaultPlan = { rules: [{ on: 'write', zone: 4, fail: 'io_error' }] };
    expect(() => device.setFaults(plan)).toThrow('rules[0].zone: got 4, allowed is zones 0 to 3');
    await device.close();
  });
});

describe('a plan', () => {
  const RULES: FaultRule[] = [
    { on: 'write', nth: 3, fail: 'io_error' },
    { on: 'append', every: 2, times: 3, fail: 'no_space' },
    { on: 'read', probability: 0.5, fail: 'io_error' },
  ];

  /** Twelve rounds of commands; `between` comes before each and tells which device to use. */
  async function play(between: (round: number) => Promise<ZonedDevice>): Promise<string[]> {
    const results: string[] = [];
    for (let round = 0; round < 12; round++) {
      const device = await between(round);
      results.push(await write(device, 1));
      results.push(await outcome(() => device.append(2 * MiB, Buffer.alloc(512))));
      results.push(await outcome(() => device.read(0, Buffer.alloc(512))));
    }
    return results;
  }

  it('goes on where it was when it is stored with its image and taken up again', async () => {
    const plan = { seed: 11, rules: RULES };
    const through = await ZonedDevice.open(await disks.create(DISK), { faults: plan });
    const expected = await play(async () => through);
    await through.close();
    const file = await disks.create(DISK);
    const beside = `${file}.faults.json`;
    await saveFaults(beside, { plan, progress: RULES.map(() => ({ seen: 0, fired: 0 })) });
    let device: ZonedDevice | undefined;
    const results = await play(async () => {
      await device?.close();
      if (device) await saveFaults(beside, device.faultState());
      const stored = loadFaults(beside);
      device = await ZonedDevice.open(file, {
        faults: stored?.plan,
        faultProgress: stored?.progress,
      });
      return device;
    });
    await device?.close();
    expect(results).toEqual(expected);
    expect(new Set(expected)).toEqual(new Set(['ok', 'io_error', 'no_space']));
  });

  it('is read, replaced and cleared while the device is in use', async () => {
    const { device } = await openWith([RULES[0] as FaultRule]);
    await write(device, 1);
    expect(device.faultState()).toEqual({
      plan: { rules: [RULES[0]] },
      progress: [{ seen: 1, fired: 0 }],
    });
    const rules: FaultRule[] = [{ on: 'write', nth: 1, fail: 'no_space' }];
    device.setFaults({ seed: 3, rules });
    expect(device.faultState()).toEqual({
      plan: { seed: 3, rules },
      progress: [{ seen: 0, fired: 0 }],
    });
    expect([await write(device, 1), await write(device, 1)]).toEqual(['no_space', 'ok']);
    expect(() => device.setFaults({ rules: [{ on: 'write', zone: 9, torn: 1 }] })).toThrow();
    expect(device.faultState()?.progress).toEqual([{ seen: 2, fired: 1 }]);
    device.setFaults(undefined);
    expect([device.faultState(), await write(device, 1)]).toEqual([undefined, 'ok']);
    await device.close();
  });

  it('is refused with the progress of another one, and gone where none is stored', async () => {
    const { device, file } = await openWith([]);
    const progress = [{ seen: 1, fired: 1 }];
    expect(() => device.setFaults({ rules: [] }, { progress })).toThrow('progress: got 1 rules');
    const beside = `${file}.faults.json`;
    await saveFaults(beside, device.faultState());
    expect(loadFaults(beside)).toEqual({ plan: { rules: [] }, progress: [] });
    await saveFaults(beside, undefined);
    expect(loadFaults(beside)).toBeUndefined();
    fs.writeFileSync(beside, JSON.stringify({ plan: { rules: [] }, progress }));
    expect(() => loadFaults(beside)).toThrow(`${beside}: progress: got `);
    fs.writeFileSync(beside, '{');
    expect(() => loadFaults(beside)).toThrow(`${beside}: not JSON`);
    await device.close();
  });
});

it('leaves nothing of a torn write to be read, by us or by stock QEMU', async () => {
  const { device, file } = await openWith([{ on: 'write', zone: 1, nth: 2, torn: 5 }]);
  expect([await write(device, 1, 1), await write(device, 1, 2)]).toEqual(['ok', 'io_error']);
  const content = Buffer.alloc(8 * KiB);
  await device.read(MiB, content);
  expect(content.subarray(4 * KiB).every((byte) => byte === 0)).toBe(true);
  await device.close();
  expect(rawContent(file)[MiB + 4 * KiB]).toBe(0);
  expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
});

it('resets a zone whatever the file does, and gives its space back once the file allows it', async () => {
  const { device, file } = await openWith([]);
  await write(device, 1, 7);
  await device.close();
  const again = await ZonedDevice.open(file);
  again.setFaults({ rules: [{ on: 'file-read', fail: 'io_error' }] });
  await again.manage('reset', 1);
  expect(again.zone(1)).toMatchObject({ condition: 'empty', writePointer: MiB, resetCount: 1 });
  expect(await write(again, 1, 8)).toBe('io_error');
  again.setFaults(undefined);
  expect(await write(again, 1, 8)).toBe('ok');
  await again.close();
  expect(rawContent(file)[MiB]).toBe(8);
  expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
});

it('does not take the image for marked when the mark could not be written', async () => {
  const { device, file } = await openWith([{ on: 'file-write', nth: 1, fail: 'io_error' }]);
  expect([await write(device, 1), await write(device, 1)]).toEqual(['io_error', 'ok']);
  await device.flush();
  const copy = disks.path();
  fs.copyFileSync(file, copy);
  await device.close();
  const crashed = await ZonedDevice.open(copy);
  expect(crashed.zone(1).writePointer).toBe(MiB + 4 * KiB);
  await crashed.close();
  expect(qemuCheck(copy).corruptions).toBe(0);
});

it('tells every transition with its cause, its time and its number', async () => {
  let time = 1000;
  const { device } = await openWith([], { clock: () => time++ });
  const events: ZoneEvent[] = [];
  const stop = device.subscribe((event) => events.push(event));
  await write(device, 1);
  await device.manage('finish', 1);
  await device.manage('reset', 1);
  await device.setCondition(2, 'read-only');
  await device.manage('offline', 2);
  stop();
  await write(device, 3);
  expect(events.map((e) => [e.sequence, e.timeMs, e.zoneIndex, e.from, e.to, e.cause])).toEqual([
    [0, 1000, 1, 1, 2, 'write'],
    [1, 1001, 1, 2, 14, 'finish'],
    [2, 1002, 1, 14, 1, 'reset'],
    [3, 1003, 2, 1, 13, 'fault'],
    [4, 1004, 2, 13, 15, 'offline'],
  ]);
  await device.close();
});
