/** The shape of a zoned device: its defaults, and the one place where it is checked. */

import { invalidOption } from '../errors.ts';
import {
  APPEND_UNIT_BYTES,
  LOGICAL_BLOCK_SIZES,
  MAX_APPEND_BYTES,
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
  };
  validateGeometry(geometry);
  return geometry;
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
