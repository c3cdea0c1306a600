/** A device's timing with nothing left to default, every field in its range. */
import { type DevicePreset, TIMING_MODELS, type TimingDefinition } from './definition.ts';
import type { DiskTiming } from './device/disk/parameters.ts';
import type { FlashTiming } from './device/flash/parameters.ts';
import { diskTimingOf, flashTimingOf, PRESETS } from './device/presets.ts';
import { MAX_DIES, MAX_SERVICE_TIME_NS } from './limits.ts';
import type { Problems } from './problems.ts';
import type { ResolvedTiming } from './resolve.ts';

export function resolveTiming(
  preset: DevicePreset,
  given: TimingDefinition,
  problems: Problems,
): ResolvedTiming {
  const model = given.model ?? PRESETS[preset].model;
  problems.oneOf('device.timing.model', model, TIMING_MODELS);
  for (const name of ['flash', 'disk'] as const) {
    if (given[name] === undefined || model === name) continue;
    problems.add(`device.timing.${name}`, given[name], `nothing: the timing model is ${model}`);
  }
  if (given.serviceTimeNs !== undefined && model !== 'constant') {
    const allowed = `nothing: the timing model is ${model}`;
    problems.add('device.timing.serviceTimeNs', given.serviceTimeNs, allowed);
  }
  if (model === 'flash') {
    const flash = { ...flashTimingOf(preset), ...given.flash };
    checkFlash(flash, problems);
    return { model, flash };
  }
  if (model === 'disk') {
    const disk = { ...diskTimingOf(preset), ...given.disk };
    checkDisk(disk, problems);
    return { model, disk };
  }
  const { serviceTimeNs = 0 } = given;
  problems.integer('device.timing.serviceTimeNs', serviceTimeNs, 0, MAX_SERVICE_TIME_NS);
  return { model: 'constant', serviceTimeNs };
}

/** Fields of which a device has at least one. */
const POSITIVE = new Set([
  'dies',
  'channels',
  'pageBytes',
  'channelRate',
  'hostReadRate',
  'hostWriteRate',
  'programBytes',
  'flushBytes',
  'workSliceNs',
  'revolutionNs',
  'outerRate',
  'innerRate',
  'queueDepth',
  'interfaceRate',
]);

function checkFlash(flash: FlashTiming, problems: Problems): void {
  const path = 'device.timing.flash';
  checkFields(path, { ...flash }, problems);
  problems.integer(`${path}.dies`, flash.dies, 1, MAX_DIES);
  problems.integer(`${path}.channels`, flash.channels, 1, flash.dies);
  problems.integer(`${path}.diesPerZone`, flash.diesPerZone, 0, flash.dies);
  problems.oneOf(`${path}.commandSpread`, flash.commandSpread, ['none', 'exponential']);
  if (flash.flushBytes % flash.programBytes !== 0) {
    const allowed = `a multiple of programBytes (${flash.programBytes})`;
    problems.add(`${path}.flushBytes`, flash.flushBytes, allowed);
  }
}

function checkDisk(disk: DiskTiming, problems: Problems): void {
  const path = 'device.timing.disk';
  checkFields(path, { ...disk }, problems);
  problems.integer(`${path}.queueDepth`, disk.queueDepth, 1, 1024);
}

/** Times of at most an hour, whole sizes and rates. */
function checkFields(path: string, fields: Record<string, unknown>, problems: Problems): void {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string' || typeof value === 'boolean') continue;
    const max = name.endsWith('Ns') ? MAX_SERVICE_TIME_NS : Number.MAX_SAFE_INTEGER;
    problems.integer(`${path}.${name}`, value, POSITIVE.has(name) ? 1 : 0, max);
  }
}
