/** The zone commands of `zonelab io`. Zone output counts in 512-byte sectors, as qemu-io's does. */
import type { Zone, ZoneAction, ZonedDevice } from '@zonelab/qcow2-zoned';
import { CONDITION_NUMBERS, sectors, TYPE_NUMBERS } from '../zones/wire-names.ts';
import { IoUsageError, readNumber, readPattern } from './arguments.ts';
import { checkLength, DEFAULT_PATTERN, type IoCommand } from './commands.ts';

const report: IoCommand = {
  names: ['zone_report', 'zrp'],
  usage: 'offset number',
  summary: 'reports a number of zones, from the zone that holds the offset',
  flags: '',
  minOperands: 2,
  maxOperands: 2,
  failure: 'zone report failed',
  async run({ device, out }, { operands }) {
    const [offset = 0, count = 0] = operands.map(readNumber);
    const zoneSize = device.geometry?.zoneSize;
    const from = zoneSize === undefined ? 0 : Math.floor(offset / zoneSize);
    for (const zone of device.report(from, count)) out.write(reportLine(zone));
    return true;
  },
};

function reportLine(zone: Zone): string {
  const { start, size, capacity, writePointer, condition, type } = zone;
  const places = `len ${sectors(size)}, cap ${sectors(capacity)}, wptr ${sectors(writePointer)}`;
  const state = `zcond:${CONDITION_NUMBERS[condition]}, [type: ${TYPE_NUMBERS[type]}]`;
  return `start: ${sectors(start)}, ${places}, ${state}\n`;
}

function manage(action: Exclude<ZoneAction, 'offline'>, alias: string, summary: string): IoCommand {
  return {
    names: [`zone_${action}`, alias],
    usage: 'offset len',
    summary,
    flags: '',
    minOperands: 2,
    maxOperands: 2,
    failure: `zone ${action} failed`,
    async run({ device }, { operands }) {
      const [offset = 0, length = 0] = operands.map(readNumber);
      await device.manageRange(action, offset, length);
      return true;
    },
  };
}

const append: IoCommand = {
  names: ['zone_append', 'zap'],
  usage: '[-p] offset len [len..]',
  summary: 'appends the lengths, as one write, to the zone that starts at the offset',
  flags: 'p',
  minOperands: 2,
  maxOperands: 1024,
  failure: 'zone append failed',
  async run({ device, out }, { flags, operands }) {
    const [zoneStart = 0, ...lengths] = operands.map(readNumber);
    const total = lengths.reduce((sum, length) => sum + length, 0);
    checkLength(total);
    if (total === 0) throw new IoUsageError('zone append: the lengths add up to 0');
    const address = await device.append(zoneStart, Buffer.alloc(total, DEFAULT_PATTERN));
    if (flags.has('p')) out.write(`After zap done, the append sector is ${sectors(address)}\n`);
    return true;
  },
};

const openWithArea: IoCommand = {
  names: ['zone_open_zrwa', 'zoz'],
  usage: 'offset',
  summary: 'opens the zone that starts at the offset with a zone random write area',
  flags: '',
  minOperands: 1,
  maxOperands: 1,
  failure: 'zone open failed',
  async run({ device }, { operands: [offset = ''] }) {
    await device.openWithZrwa(zoneAt(device, readNumber(offset)));
    return true;
  },
};

const commit: IoCommand = {
  names: ['zone_commit', 'zcm'],
  usage: 'offset len',
  summary: 'commits the zone random write area up to offset + len',
  flags: '',
  minOperands: 2,
  maxOperands: 2,
  failure: 'zone commit failed',
  async run({ device }, { operands }) {
    const [offset = 0, length = 0] = operands.map(readNumber);
    await device.commitZrwa(zoneAt(device, offset), offset + length);
    return true;
  },
};

const extension: IoCommand = {
  names: ['zone_extension', 'zde'],
  usage: '[-P pattern] offset',
  summary: 'prints the descriptor extension of a zone, or sets it to a pattern',
  flags: 'P:',
  minOperands: 1,
  maxOperands: 1,
  failure: 'zone extension failed',
  async run({ device, out }, { flags, operands: [offset = ''] }) {
    const index = zoneAt(device, readNumber(offset));
    const pattern = flags.get('P');
    if (pattern !== undefined) {
      const size = device.geometry?.descriptorExtensionSize ?? 0;
      await device.setExtension(index, Buffer.alloc(size, readPattern(pattern)));
    } else out.write(`${Buffer.from(device.extension(index) ?? []).toString('hex') || 'none'}\n`);
    return true;
  },
};

/** Index of the zone that holds an offset; 0 for a plain disk, which refuses zone commands itself. */
function zoneAt(device: ZonedDevice, offset: number): number {
  return Math.floor(offset / (device.geometry?.zoneSize ?? Number.POSITIVE_INFINITY));
}

const condition: IoCommand = {
  names: ['zone_condition'],
  usage: 'offset read-only|offline',
  summary: 'makes the zone that holds the offset read-only or offline, as a failing drive does',
  flags: '',
  minOperands: 2,
  maxOperands: 2,
  failure: 'zone condition failed',
  async run({ device }, { operands: [offset = '', wanted = ''] }) {
    if (wanted !== 'read-only' && wanted !== 'offline')
      throw new IoUsageError(`zone condition: got ${wanted}, allowed is read-only, offline`);
    await device.setCondition(zoneAt(device, readNumber(offset)), wanted);
    return true;
  },
};

export const ZONE_COMMANDS: readonly IoCommand[] = [
  report,
  manage('open', 'zo', 'opens the zones of a range'),
  manage('close', 'zc', 'closes the zones of a range'),
  manage('finish', 'zf', 'finishes the zones of a range'),
  manage('reset', 'zrs', 'resets the zones of a range'),
  append,
  openWithArea,
  commit,
  extension,
  condition,
];
