/**
 * The `-o` options of `img create`: qemu-img's own, and those of a zoned image under both of their names
 * (`zone_size` of the first public proposal, `zone.size` of the later ones).
 */
import {
  type CreateOptions,
  invalidOption,
  type MeasureOptions,
  type ZonedProfile,
} from '@zonelab/qcow2-zoned';
import { readSize, SIZE_WORDS } from '../numbers.ts';
import { SECTOR_BYTES } from '../zones/wire-names.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type ZonedOptions = Mutable<NonNullable<CreateOptions['zoned']>>;

/** Options as they gather: `zoned` becomes part of the image as soon as one of its fields is set. */
interface Draft {
  size?: number;
  clusterSize?: number;
  backingFile?: string;
  backingFormat?: string;
  refcountBits?: number;
  extendedL2?: boolean;
  preallocation?: string;
  zoned: Partial<ZonedOptions>;
}

interface OptionRule {
  readonly names: readonly string[];
  readonly value: '<size>' | '<num>' | '<str>';
  readonly help: string;
  /** Giving the option makes the image a zoned one. */
  readonly zoned: boolean;
  set(draft: Draft, name: string, text: string): void;
}

const asSize = (name: string, text: string): number => {
  const bytes = readSize(text);
  if (bytes === undefined) throw invalidOption(name, text, SIZE_WORDS);
  return bytes;
};

const asCount = (name: string, text: string): number => {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value <= 0xffff_ffff) return value;
  throw invalidOption(name, text, 'a whole number from 0 to 4294967295');
};

/** An option with one value that images have anyway: accepted so that scripts need not change. */
function fixed(name: string, help: string, ...accepted: readonly string[]): OptionRule {
  return {
    names: [name],
    value: '<str>',
    help,
    zoned: false,
    set(_draft, given, text) {
      if (!accepted.includes(text)) throw invalidOption(given, text, accepted.join(' or '));
    },
  };
}

function zonedRule(
  names: readonly string[],
  value: OptionRule['value'],
  help: string,
  set: (zoned: Partial<ZonedOptions>, name: string, text: string) => void,
): OptionRule {
  return {
    names,
    value,
    help,
    zoned: true,
    set: (draft, name, text) => set(draft.zoned, name, text),
  };
}

const RULES: readonly OptionRule[] = [
  {
    names: ['size'],
    value: '<size>',
    help: 'Virtual disk size',
    zoned: false,
    set(draft, name, text) {
      draft.size = asSize(name, text);
    },
  },
  {
    names: ['cluster_size'],
    value: '<size>',
    help: 'qcow2 cluster size',
    zoned: false,
    set(draft, name, text) {
      draft.clusterSize = asSize(name, text);
    },
  },
  fixed('compat', 'Compatibility level', '1.1', 'v3'),
  fixed('compression_type', 'Compression method', 'zlib'),
  fixed('extended_l2', 'Extended L2 tables', 'off'),
  fixed('lazy_refcounts', 'Postpone refcount updates', 'off'),
  fixed('preallocation', 'Preallocation mode', 'off'),
  fixed('refcount_bits', 'Width of a reference count entry in bits', '16'),
  zonedRule(['zoned_profile'], '<str>', 'Rule book: zbc or zns', (zoned, name, text) => {
    zoned.profile = asProfile(name, text);
  }),
  zonedRule(['zone.mode'], '<str>', 'Zone model: host-managed', (_zoned, name, text) => {
    if (text !== 'host-managed') throw invalidOption(name, text, 'host-managed');
  }),
  zonedRule(['zone_size', 'zone.size'], '<size>', 'Zone size', (zoned, name, text) => {
    zoned.zoneSize = asSize(name, text);
  }),
  zonedRule(
    ['zone_capacity', 'zone.capacity'],
    '<size>',
    'Writable bytes of a zone',
    (zoned, name, text) => {
      zoned.zoneCapacity = asSize(name, text);
    },
  ),
  zonedRule(
    ['zone_nr_conv', 'zone.conventional_zones'],
    '<num>',
    'Conventional zones, at the start',
    (zoned, name, text) => {
      zoned.conventionalZones = asCount(name, text);
    },
  ),
  zonedRule(
    ['max_append_sectors'],
    '<num>',
    'Largest append, 512-byte sectors',
    (zoned, name, text) => {
      zoned.maxAppendBytes = asCount(name, text) * SECTOR_BYTES;
    },
  ),
  zonedRule(['zone.max_append_bytes'], '<size>', 'Largest append', (zoned, name, text) => {
    zoned.maxAppendBytes = asSize(name, text);
  }),
  zonedRule(
    ['max_open_zones', 'zone.max_open_zones'],
    '<num>',
    'Zones open at once, 0: no limit',
    (zoned, name, text) => {
      zoned.maxOpenZones = asCount(name, text);
    },
  ),
  zonedRule(
    ['max_active_zones', 'zone.max_active_zones'],
    '<num>',
    'Zones open or closed at once, 0: no limit',
    (zoned, name, text) => {
      zoned.maxActiveZones = asCount(name, text);
    },
  ),
  zonedRule(
    ['logical_block_size'],
    '<size>',
    'Granularity of every access: 512 or 4096',
    (zoned, name, text) => {
      const size = asSize(name, text);
      if (size !== 512 && size !== 4096) throw invalidOption(name, text, '512 or 4096');
      zoned.logicalBlockSize = size;
    },
  ),
  zonedRule(
    ['dialect'],
    '<str>',
    'Form of the zones on disk: native, or v9 for other software',
    (zoned, name, text) => {
      if (text !== 'native' && text !== 'v9') throw invalidOption(name, text, 'native or v9');
      zoned.dialect = text;
    },
  ),
];

function asProfile(name: string, text: string): ZonedProfile {
  if (text === 'zbc' || text === 'zns') return text;
  throw invalidOption(name, text, 'zbc or zns');
}

type Pairs = readonly (readonly [name: string, value: string])[];

/** What the pairs say. `zonedName`: the first that makes the image a zoned one. A later pair wins. */
function readDraft(pairs: Pairs): { draft: Draft; zonedName: string | undefined } {
  const draft: Draft = { zoned: {} };
  let zonedName: string | undefined;
  for (const [name, text] of pairs) {
    const rule = RULES.find(({ names }) => names.includes(name));
    if (!rule) throw invalidOption('-o', name, RULES.flatMap(({ names }) => names).join(', '));
    rule.set(draft, name, text);
    if (rule.zoned) zonedName ??= name;
  }
  return { draft, zonedName };
}

/** Options for `createImage`, from the SIZE argument and the `-o` pairs. */
export function readCreateOptions(sizeArgument: string | undefined, pairs: Pairs): CreateOptions {
  const { size: sizeOption, ...options } = readPartialOptions(pairs);
  const size = sizeArgument === undefined ? sizeOption : asSize('SIZE', sizeArgument);
  if (size === undefined) throw invalidOption('size', 'none', SIZE_WORDS);
  return { size, ...options };
}

/** The same of an image whose size is known otherwise. */
export function readPartialOptions(pairs: Pairs): Partial<CreateOptions> {
  const { draft, zonedName } = readDraft(pairs);
  const { zoned, ...base } = draft;
  if (zonedName === undefined) return base;
  const { zoneSize } = zoned;
  if (zoneSize === undefined) {
    throw invalidOption('zone_size', 'none', `a size, since ${zonedName} makes the image zoned`);
  }
  return { ...base, zoned: { ...zoned, zoneSize } };
}

/** What decides how large an image becomes. `backed`: it will have a backing file. */
export function readMeasureOptions(pairs: Pairs): MeasureOptions & { readonly backed: boolean } {
  const { clusterSize, refcountBits, extendedL2, preallocation, backingFile } =
    readDraft(pairs).draft;
  const preallocated = preallocation === 'falloc' || preallocation === 'full';
  return { clusterSize, refcountBits, extendedL2, preallocated, backed: backingFile !== undefined };
}

/** What `-o help` prints. */
export function createOptionsHelp(): string {
  const lines = RULES.map(({ names, value, help }) => {
    return `  ${names.map((name) => `${name}=${value}`).join(', ')} - ${help}\n`;
  });
  return `Supported options:\n${lines.join('')}`;
}
