import { expect, it } from '@jest/globals';
import { type ImageForm, NEW_IMAGE, planImage } from './plan.ts';

const plan = (change: Partial<ImageForm>) => planImage({ ...NEW_IMAGE, name: 'disk', ...change });

it('tells how many zones there will be', () => {
  expect(plan({ size: '1T', zoneSize: '2G', zoneCapacity: '1077M' })).toMatchObject({
    summary: '512 zones of 2 GiB under ZNS rules, 1.05 GiB of each writable',
    errors: {},
    warnings: [],
    complete: true,
  });
});

it('leaves out what was not typed, and all of the zones for a plain disk', () => {
  expect(plan({ labels: 'a=b, c' }).body).toEqual({
    ...{ name: 'disk', size: '16G', profile: 'zns', zoneSize: '64M', logicalBlockSize: 512 },
    labels: { a: 'b', c: '' },
  });
  expect(plan({ profile: '' }).body).toEqual({ name: 'disk', size: '16G', labels: {} });
});

it.each<[Partial<ImageForm>, string, RegExp]>([
  [{ zoneCapacity: '128M' }, 'zoneCapacity', /at most the zone size/i],
  [{ profile: 'zbc', zoneCapacity: '1M' }, 'zoneCapacity', /zbc/i],
  [{ size: '100M' }, 'size', /multiple/],
  [{ conventionalZones: '4' }, 'conventionalZones', /no conventional/],
  [{ maxOpenZones: '9', maxActiveZones: '8' }, 'maxOpenZones', /at most the active/i],
  [{ name: 'a b' }, 'name', /letter/],
  [{ size: 'large' }, 'size', /allowed/i],
])('refuses %j before it is sent', (change, field, message) => {
  const { errors, complete } = plan(change);
  expect(errors[field]).toMatch(message);
  expect(complete).toBe(false);
});

it('says nothing of fields that are still empty, but is not complete without them', () => {
  expect(plan({ name: '', size: '' })).toMatchObject({ errors: {}, complete: false });
});

it.each<[Partial<ImageForm>, RegExp]>([
  [{ size: '96G', zoneSize: '96M' }, /no power of two/],
  [{ profile: 'zbc', size: '100M' }, /last zone is smaller: 36 MiB/],
  [{ zoneCapacity: '1M' }, /less than half/i],
  [{ size: '1T', zoneSize: '1M' }, /long to report/],
  [{ maxActiveZones: '500' }, /never acts/],
])('warns of %j', (change, message) => {
  const { warnings, complete } = plan(change);
  expect(warnings.join()).toMatch(message);
  expect(complete).toBe(true);
});
