/** What a new image will be, from the text of a form: its zone count, what is wrong with it, what to think of. */

import {
  type CreateImage,
  createImageSchema,
  type FieldError,
  fieldErrors,
  parseSize,
} from '@zonelab/contracts';
import { formatBytes, formatCount } from '../../format/units.ts';

/** Fields as typed; an empty one is left out. */
export interface ImageForm {
  readonly name: string;
  readonly size: string;
  readonly profile: '' | 'zns' | 'zbc';
  readonly zoneSize: string;
  readonly zoneCapacity: string;
  readonly conventionalZones: string;
  readonly maxOpenZones: string;
  readonly maxActiveZones: string;
  readonly maxAppendSectors: string;
  readonly logicalBlockSize: string;
  readonly clusterSize: string;
  /** `key=value`, separated by commas. */
  readonly labels: string;
}

export const NEW_IMAGE: ImageForm = {
  name: '',
  size: '16G',
  profile: 'zns',
  zoneSize: '64M',
  zoneCapacity: '',
  conventionalZones: '',
  maxOpenZones: '',
  maxActiveZones: '',
  maxAppendSectors: '',
  logicalBlockSize: '512',
  clusterSize: '',
  labels: '',
};

export interface Plan {
  readonly body: CreateImage;
  /** What the disk will be, in a sentence; undefined while its sizes cannot be told. */
  readonly summary: string | undefined;
  /** By field; of those that nothing was typed into yet there are none. */
  readonly errors: Readonly<Record<string, string>>;
  /** It would work, but may not be what is meant. */
  readonly warnings: readonly string[];
  readonly complete: boolean;
}

const COUNTS = ['conventionalZones', 'maxOpenZones', 'maxActiveZones', 'maxAppendSectors'] as const;

export function planImage(form: ImageForm): Plan {
  const body = bodyOf(form);
  const parsed = createImageSchema.safeParse(body);
  const found = parsed.success ? [] : fieldErrors(parsed.error.issues, body);
  const errors = Object.fromEntries(found.filter(isTyped(form)).map(inWords));
  const sizes = sizesOf(form);
  if (sizes) Object.assign(errors, geometryErrors(form, sizes));
  return {
    body: body as CreateImage,
    summary: sizes && summaryOf(form, sizes),
    errors,
    warnings: sizes ? warningsOf(form, sizes) : [],
    complete: found.length === 0 && Object.keys(errors).length === 0,
  };
}

/** As the API takes it. */
function bodyOf(form: ImageForm): Record<string, unknown> {
  const { name, size, profile, zoneSize, zoneCapacity, clusterSize, logicalBlockSize } = form;
  const pairs = form.labels.split(',').map((pair) => pair.trim().split(/=(.*)/s));
  const labels = Object.fromEntries(
    pairs.filter(([key]) => key).map(([key, value]) => [key, value ?? '']),
  );
  const counts = COUNTS.filter((field) => form[field] !== '').map((field) => [
    field,
    Number(form[field]),
  ]);
  return {
    name,
    ...(size && { size }),
    ...(clusterSize && { clusterSize }),
    labels,
    ...(profile && {
      profile,
      ...(zoneSize && { zoneSize }),
      ...(zoneCapacity && { zoneCapacity }),
      ...Object.fromEntries(counts),
      ...(logicalBlockSize !== '' && { logicalBlockSize: Number(logicalBlockSize) }),
    }),
  };
}

interface Sizes {
  readonly size: number;
  readonly zoneSize: number;
  readonly capacity: number;
  readonly zoneCount: number;
}

function sizesOf({ profile, size, zoneSize, zoneCapacity }: ImageForm): Sizes | undefined {
  const [whole, zone] = [parseSize(size), parseSize(zoneSize)];
  const capacity = zoneCapacity === '' ? zone : parseSize(zoneCapacity);
  if (profile === '' || !whole || !zone || !capacity) return undefined;
  return { size: whole, zoneSize: zone, capacity, zoneCount: Math.ceil(whole / zone) };
}

/** What the rule books forbid: the API says the same, but only once it is asked. */
function geometryErrors(form: ImageForm, sizes: Sizes): Record<string, string> {
  const { size, zoneSize, capacity, zoneCount } = sizes;
  const zns = form.profile === 'zns';
  const open = Number(form.maxOpenZones);
  const active = Number(form.maxActiveZones);
  const checks: readonly (readonly [field: string, wrong: boolean, message: string])[] = [
    ['zoneCapacity', capacity > zoneSize, `At most the zone size, ${formatBytes(zoneSize)}.`],
    ['zoneCapacity', !zns && capacity !== zoneSize, 'Under ZBC it is the zone size: leave it out.'],
    [
      'size',
      zns && size % zoneSize !== 0,
      `Under ZNS a multiple of the zone size, ${formatBytes(zoneSize)}.`,
    ],
    [
      'conventionalZones',
      zns && Number(form.conventionalZones) > 0,
      'ZNS has no conventional zones.',
    ],
    [
      'conventionalZones',
      Number(form.conventionalZones) > zoneCount,
      `There are ${formatCount(zoneCount)} zones.`,
    ],
    [
      'maxOpenZones',
      active > 0 && open > active,
      `At most the active zones, ${formatCount(active)}.`,
    ],
  ];
  return Object.fromEntries(
    checks.filter(([, wrong]) => wrong).map(([field, , message]) => [field, message]),
  );
}

function warningsOf(form: ImageForm, { size, zoneSize, capacity, zoneCount }: Sizes): string[] {
  const active = Number(form.maxActiveZones);
  const checks: readonly (readonly [boolean, string])[] = [
    [
      !Number.isInteger(Math.log2(zoneSize)),
      `The zone size of ${formatBytes(zoneSize)} is no power of two: Linux refuses such zoned disks.`,
    ],
    [size % zoneSize !== 0, `The last zone is smaller: ${formatBytes(size % zoneSize)}.`],
    [
      capacity < zoneSize / 2,
      `Less than half of each zone can be written: ${formatBytes(capacity * zoneCount)} of ${formatBytes(size)}.`,
    ],
    [
      zoneCount > 100_000,
      `${formatCount(zoneCount)} zones take long to report; larger zones are fewer.`,
    ],
    [
      active > zoneCount,
      'More active zones are allowed than there are zones: the limit never acts.',
    ],
  ];
  return checks.filter(([holds]) => holds).map(([, text]) => text);
}

function summaryOf({ profile }: ImageForm, { zoneSize, capacity, zoneCount }: Sizes): string {
  const zones = zoneCount === 1 ? '1 zone' : `${formatCount(zoneCount)} zones`;
  const writable = capacity === zoneSize ? '' : `, ${formatBytes(capacity)} of each writable`;
  return `${zones} of ${formatBytes(zoneSize)} under ${profile.toUpperCase()} rules${writable}`;
}

function isTyped(form: ImageForm) {
  return ({ path }: FieldError) => form[path.split('.')[0] as keyof ImageForm] !== '';
}

function inWords({ path, allowed }: FieldError): [string, string] {
  return [path.split('.')[0] ?? '', `Allowed: ${allowed}.`];
}
