/** Geometries that are accepted, and how the others are refused. */

import { describe, expect, it } from '@jest/globals';
import { ImageError } from '../errors.ts';
import { validateGeometry, type ZoneGeometryOptions, zoneGeometry } from './geometry.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

describe('zoneGeometry', () => {
  it('fills in a zbc device without limits', () => {
    expect(zoneGeometry({ size: GIB, zoneSize: 64 * MIB })).toEqual({
      profile: 'zbc',
      size: GIB,
      zoneSize: 64 * MIB,
      zoneCapacity: 64 * MIB,
      zoneCount: 16,
      conventionalZones: 0,
      maxOpenZones: 0,
      maxActiveZones: 0,
      maxAppendBytes: 0,
      logicalBlockSize: 512,
    });
  });

  it('counts a short last zone under zbc', () => {
    expect(zoneGeometry({ size: GIB + 512, zoneSize: 64 * MIB }).zoneCount).toBe(17);
  });

  it('accepts zone sizes and capacities that are not powers of two', () => {
    const geometry = zoneGeometry({
      profile: 'zns',
      size: 9 * 1077 * MIB,
      zoneSize: 1077 * MIB,
      zoneCapacity: 1000 * MIB + 512,
      maxOpenZones: 14,
      maxActiveZones: 14,
    });
    expect(geometry.zoneCount).toBe(9);
  });

  it('accepts an open limit without an active limit', () => {
    const geometry = zoneGeometry({ size: GIB, zoneSize: 64 * MIB, maxOpenZones: 4 });
    expect(geometry).toMatchObject({ maxOpenZones: 4, maxActiveZones: 0 });
  });

  it.each<[string, Partial<ZoneGeometryOptions>]>([
    ['profile', { profile: 'hm' as 'zbc' }],
    ['logicalBlockSize', { logicalBlockSize: 1024 }],
    ['size', { size: 0 }],
    ['size', { size: GIB + 100 }],
    ['size', { size: 2 ** 60 }],
    ['size', { size: Number.NaN }],
    ['size', { profile: 'zns', size: GIB + 512 }],
    ['zoneSize', { zoneSize: 0 }],
    ['zoneSize', { zoneSize: 64 * MIB + 512, logicalBlockSize: 4096 }],
    ['zoneSize', { zoneSize: 4 * GIB }],
    ['zoneCapacity', { zoneCapacity: 0 }],
    ['zoneCapacity', { profile: 'zns', zoneCapacity: 65 * MIB }],
    ['zoneCapacity', { profile: 'zns', zoneCapacity: 100 }],
    ['zoneCapacity', { zoneCapacity: 32 * MIB }],
    ['zoneCount', { size: 2 ** 45, zoneSize: 64 * KIB }],
    ['conventionalZones', { conventionalZones: 17 }],
    ['conventionalZones', { conventionalZones: -1 }],
    ['conventionalZones', { profile: 'zns', conventionalZones: 1 }],
    ['maxActiveZones', { maxActiveZones: 1.5 }],
    ['maxOpenZones', { maxOpenZones: 2 ** 32 }],
    ['maxOpenZones', { maxOpenZones: 5, maxActiveZones: 4 }],
    ['maxAppendBytes', { maxAppendBytes: 1000 }],
  ])('refuses by %s: %j', (field, options) => {
    let refused: unknown;
    try {
      zoneGeometry({ size: GIB, zoneSize: 64 * MIB, ...options });
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(ImageError);
    expect(refused).toMatchObject({ code: 'invalid_option', context: { field } });
    expect((refused as ImageError).message).toMatch(/^\w+: got .+, allowed is .+$/);
  });
});

describe('validateGeometry', () => {
  it('refuses a zone count that does not follow from the sizes', () => {
    const geometry = zoneGeometry({ size: GIB, zoneSize: 64 * MIB });
    expect(() => validateGeometry({ ...geometry, zoneCount: 15 })).toThrow(
      'zoneCount: got 15, allowed is size / zoneSize rounded up, 16',
    );
  });
});
