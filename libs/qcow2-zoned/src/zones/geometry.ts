/** The shape of a zoned device: its defaults, and the one place where it is checked. */

import { invalidOption } from '../errors.ts';
import {
  APPEND_UNIT_BYTES,
  DESCRIPTOR_EXTENSION_UNIT_BYTES,
  LOGICAL_BLOCK_SIZES,
  MAX_APPEND_BYTES,
  MAX_DESCRIPTOR_EXTENSION_BYTES,
  MAX_RESOURCE_LIMIT,
  MAX_ZONE_COUNT,
  MAX_ZONE_SIZE_BYTES,
} from './limits.ts';
import type { ZonedGeometry, ZonedProfile } from './zone.ts';

/** What a caller says about a device; the rest has defaults. Sizes are bytes. */
export interface ZoneGeometryOptions {
  readonly size: number;
  readonly zoneSize: number;
  /** Default `zbc`. */
  readonly profile?: ZonedProfile | undefined;
  /** Default: the zone size. */
  readonly zoneCapacity?: number | undefined;
  /** Default 0. */
  readonly conventionalZones?: number | undefined;
  /** Default 0, no limit. */
  readonly maxOpenZones?: number | undefined;
  /** Default 0, no limit. */
  readonly maxActiveZones?: number | undefined;
  /** Default 0, no append. */
  readonly maxAppendBytes?: number | undefined;
  /** Default 512. */
  readonly logicalBlockSize?: number | undefined;
  /** Default 0, no zone random write areas. */
  readonly zrwaSize?: number | undefined;
  /** Default: the logical block size. */
  readonly zrwaFlushGranularity?: number | undefined;
  /** Default: the open limit, or every zone where there is none. */
  readonly zrwaZones?: number | undefined;
  /** Default 0, no descriptor extensions. */
  readonly descriptorExtensionSize?: number | undefined;
}

/** Fills in the defaults. Throws `invalid_option` for a geometry that cannot be. */
export function zoneGeometry(options: ZoneGeometryOptions): ZonedGeometry {
  const geometry: ZonedGeometry = {
    profile: options.profile ?? 'zbc',
    size: options.size,
    zoneSize: options.zoneSize,
    zoneCapacity: options.zoneCapacity ?? options.zoneSize,
    zoneCount: Math.ceil(options.size / options.zoneSize),
    conventionalZones: options.conventionalZones ?? 0,
    maxOpenZones: options.maxOpenZones ?? 0,
    maxActiveZones: options.maxActiveZones ?? 0,
    maxAppendBytes: options.maxAppendBytes ?? 0,
    logicalBlockSize: options.logicalBlockSize ?? 512,
    ...zrwaOf(options),
    ...(options.descriptorExtensionSize && {
      descriptorExtensionSize: options.descriptorExtensionSize,
    }),
  };
  validateGeometry(geometry);
  return geometry;
}

/** The fields of zone random write areas, where there are any or what is given needs them. */
function zrwaOf(options: ZoneGeometryOptions): Partial<ZonedGeometry> {
  const { zrwaSize, zrwaFlushGranularity, zrwaZones } = options;
  if (!zrwaSize && !zrwaFlushGranularity && !zrwaZones) return {};
  const zoneCount = Math.ceil(options.size / options.zoneSize);
  return {
    zrwaSize: zrwaSize ?? 0,
    zrwaFlushGranularity: zrwaFlushGranularity ?? options.logicalBlockSize ?? 512,
    zrwaZones: zrwaZones ?? (options.maxOpenZones || zoneCount),
  };
}

/** Throws `invalid_option`, naming the first field at fault, its value and what is allowed. */
export function validateGeometry(geometry: ZonedGeometry): void {
  const { profile, size, zoneSize, zoneCapacity, logicalBlockSize } = geometry;
  if (profile !== 'zbc' && profile !== 'zns') {
    throw invalidOption('profile', profile, 'zbc or zns');
  }
  if (!LOGICAL_BLOCK_SIZES.includes(logicalBlockSize)) {
    throw invalidOption('logicalBlockSize', logicalBlockSize, LOGICAL_BLOCK_SIZES.join(' or '));
  }
  requireMultiple('size', size, logicalBlockSize, Number.MAX_SAFE_INTEGER);
  requireMultiple('zoneSize', zoneSize, logicalBlockSize, MAX_ZONE_SIZE_BYTES);
  requireMultiple('zoneCapacity', zoneCapacity, logicalBlockSize, zoneSize);
  if (profile === 'zbc' && zoneCapacity !== zoneSize) {
    throw invalidOption('zoneCapacity', zoneCapacity, `the zone size (${zoneSize}) under zbc`);
  }
  if (profile === 'zns' && size % zoneSize !== 0) {
    throw invalidOption('size', size, `a multiple of the zone size (${zoneSize}) under zns`);
  }
  validateCounts(geometry);
  validateExtras(geometry);
}

/** Zone random write areas and descriptor extensions. */
function validateExtras(geometry: ZonedGeometry): void {
  const { profile, zoneCapacity, zoneCount, logicalBlockSize, maxActiveZones } = geometry;
  const { zrwaSize = 0, zrwaFlushGranularity = 0, zrwaZones = 0 } = geometry;
  const { descriptorExtensionSize = 0 } = geometry;
  if (profile !== 'zns') {
    const field = ['zrwaSize', 'zrwaFlushGranularity', 'zrwaZones', 'descriptorExtensionSize'].find(
      (name) => geometry[name as keyof ZonedGeometry],
    ) as keyof ZonedGeometry | undefined;
    if (field !== undefined) throw invalidOption(field, geometry[field] ?? 0, '0 under zbc');
  }
  if (zrwaSize !== 0) {
    requireMultiple('zrwaFlushGranularity', zrwaFlushGranularity, logicalBlockSize, zoneCapacity);
    requireMultiple('zrwaSize', zrwaSize, zrwaFlushGranularity, zoneCapacity);
    const most = maxActiveZones || zoneCount;
    if (!Number.isSafeInteger(zrwaZones) || zrwaZones < 1 || zrwaZones > Math.min(most, zoneCount))
      throw invalidOption('zrwaZones', zrwaZones, `from 1 to ${Math.min(most, zoneCount)}`);
  } else if (zrwaFlushGranularity !== 0 || zrwaZones !== 0) {
    throw invalidOption('zrwaSize', 0, 'above 0 where zrwaFlushGranularity or zrwaZones is given');
  }
  if (descriptorExtensionSize !== 0)
    requireMultiple(
      'descriptorExtensionSize',
      descriptorExtensionSize,
      DESCRIPTOR_EXTENSION_UNIT_BYTES,
      MAX_DESCRIPTOR_EXTENSION_BYTES,
    );
}

function validateCounts(geometry: ZonedGeometry): void {
  const { zoneCount, conventionalZones, maxOpenZones, maxActiveZones, maxAppendBytes } = geometry;
  const expectedCount = Math.ceil(geometry.size / geometry.zoneSize);
  if (zoneCount !== expectedCount) {
    throw invalidOption('zoneCount', zoneCount, `size / zoneSize rounded up, ${expectedCount}`);
  }
  if (zoneCount > MAX_ZONE_COUNT) {
    throw invalidOption('zoneCount', zoneCount, `at most ${MAX_ZONE_COUNT}: choose larger zones`);
  }
  requireCount('conventionalZones', conventionalZones, zoneCount);
  if (geometry.profile === 'zns' && conventionalZones !== 0) {
    throw invalidOption('conventionalZones', conventionalZones, '0 under zns');
  }
  requireCount('maxActiveZones', maxActiveZones, MAX_RESOURCE_LIMIT);
  requireCount('maxOpenZones', maxOpenZones, MAX_RESOURCE_LIMIT);
  if (maxActiveZones !== 0 && maxOpenZones > maxActiveZones) {
    throw invalidOption('maxOpenZones', maxOpenZones, `at most maxActiveZones (${maxActiveZones})`);
  }
  if (maxAppendBytes !== 0) {
    requireMultiple('maxAppendBytes', maxAppendBytes, APPEND_UNIT_BYTES, MAX_APPEND_BYTES);
  }
}

function requireMultiple(field: string, given: number, unit: number, max: number): void {
  if (!Number.isSafeInteger(given) || given <= 0 || given > max || given % unit !== 0) {
    throw invalidOption(field, given, `a multiple of ${unit} from ${unit} to ${max}`);
  }
}

function requireCount(field: string, given: number, max: number): void {
  if (!Number.isSafeInteger(given) || given < 0 || given > max) {
    throw invalidOption(field, given, `an integer from 0 to ${max}`);
  }
}
