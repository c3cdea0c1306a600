import { expect, it } from '@jest/globals';
import { readCreateOptions } from './create-options.ts';
import { parseOptionList } from './option-list.ts';

const MIB = 1024 ** 2;
const read = (size: string | undefined, list: string) =>
  readCreateOptions(size, parseOptionList(list));

it('keeps a doubled comma as part of a value', () => {
  expect(parseOptionList('a=1,,2,b=3,c')).toEqual([
    ['a', '1,2'],
    ['b', '3'],
    ['c', 'on'],
  ]);
});

it('reads the zone options of the first proposal', () => {
  const list =
    'size=768M,zone_size=64M,zone_capacity=48M,zone_nr_conv=0,max_append_sectors=512,' +
    'max_open_zones=3,max_active_zones=4,zoned_profile=zns,cluster_size=128k';
  expect(read(undefined, list)).toEqual({
    size: 768 * MIB,
    clusterSize: 131_072,
    zoned: {
      profile: 'zns',
      zoneSize: 64 * MIB,
      zoneCapacity: 48 * MIB,
      conventionalZones: 0,
      maxAppendBytes: 262_144,
      maxOpenZones: 3,
      maxActiveZones: 4,
    },
  });
});

it('reads the names that later proposals use', () => {
  const list =
    'zone.mode=host-managed,zone.size=64M,zone.capacity=48M,zone.conventional_zones=2,' +
    'zone.max_append_bytes=1M,zone.max_open_zones=5,zone.max_active_zones=6,logical_block_size=4096';
  expect(read('1G', list)).toEqual({
    size: 1024 * MIB,
    zoned: {
      zoneSize: 64 * MIB,
      zoneCapacity: 48 * MIB,
      conventionalZones: 2,
      maxAppendBytes: MIB,
      maxOpenZones: 5,
      maxActiveZones: 6,
      logicalBlockSize: 4096,
    },
  });
});

it('makes a plain disk where no zone option is given', () => {
  expect(read('64M', 'lazy_refcounts=off,compat=1.1')).toEqual({
    size: 64 * MIB,
    lazyRefcounts: false,
    version: 3,
  });
});

it.each([
  ['1G', 'foo=1', "Invalid parameter 'foo'"],
  ['1G', 'zone.mode=host-aware', 'zone.mode: got host-aware, allowed is host-managed'],
  ['1G', 'max_open_zones=2', 'zone_size: got none, allowed is a size, since another option'],
  ['1G', 'zone_size=x', 'zone_size: got x, allowed is bytes'],
  ['1G', 'max_open_zones=-1', 'max_open_zones: got -1, allowed is a whole number'],
  ['1G', 'lazy_refcounts=maybe', "Parameter 'lazy_refcounts' expects 'on' or 'off'"],
  ['1G', 'size=2G', 'The image size must be specified only once'],
  ['1G', 'backing_fmt=raw', 'Backing format cannot be used without backing file'],
  ['abc', 'compat=1.1', 'Invalid image size specified'],
])('refuses size %s with -o %s by naming what is wrong', (size, list, message) => {
  expect(() => read(size, list)).toThrow(message);
});
