/**
 * The `-o` options of a qcow2 image, one rule each: qemu-img's own, and those of zones under both of their names
 * (`zone_size` of the first public proposal, `zone.size` of the later ones).
 */
import {
  type CreateOptions,
  invalidOption,
  type Preallocation,
  type ZonedProfile,
} from '@zonelab/qcow2-zoned';
import { readQemuSize, SIZE_WORDS } from '../numbers.ts';
import { SECTOR_BYTES } from '../zones/wire-names.ts';
import { failure } from './arguments.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type ZonedOptions = Mutable<NonNullable<CreateOptions['zoned']>>;

/** Options as they gather. */
export interface Draft {
  size?: number;
  clusterSize?: number;
  version?: 2 | 3;
  backingFile?: string;
  backingFormat?: string;
  refcountBits?: number;
  lazyRefcounts?: boolean;
  extendedL2?: boolean;
  compressionType?: 'zlib' | 'zstd';
  preallocation?: Preallocation;
  dataFile?: string;
  dataFileRaw?: boolean;
  nocow?: boolean;
  zoned: Partial<ZonedOptions>;
}

export interface OptionRule {
  readonly names: readonly string[];
  readonly value: '<size>' | '<num>' | '<str>' | '<bool (on/off)>';
  readonly help: string;
  /** Giving the option makes the image a zoned one. */
  readonly zoned: boolean;
  set(draft: Draft, name: string, text: string): void;
}

export const asSize = (name: string, text: string): number => {
  const bytes = readQemuSize(text);
  if (bytes === 'range') throw failure(`Value '${text}' is out of range for parameter '${name}'`);
  if (bytes === 'malformed') {
    if (name !== 'size' && name !== 'cluster_size') throw invalidOption(name, text, SIZE_WORDS);
    throw failure(`Parameter '${name}' expects a non-negative number below 2^64`);
  }
  return bytes;
};

const asCount = (name: string, text: string): number => {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value <= 0xffff_ffff) return value;
  throw invalidOption(name, text, 'a whole number from 0 to 4294967295');
};

const asSwitch = (name: string, text: string): boolean => {
  if (text === 'on' || text === 'off') return text === 'on';
  throw failure(`Parameter '${name}' expects 'on' or 'off'`);
};

/** One of a few words. `shown`: qemu's own name of the option in its refusal. */
function asOneOf<T>(words: Readonly<Record<string, T>>, shown: string, text: string): T {
  const value = words[text];
  if (value !== undefined) return value;
  throw failure(`Parameter '${shown}' does not accept value '${text}'`);
}

function plainRule(
  name: string,
  value: OptionRule['value'],
  help: string,
  set: (draft: Draft, text: string) => void,
): OptionRule {
  return {
    names: [name],
    value,
    help,
    zoned: false,
    set: (draft, _name, text) => set(draft, text),
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

const PREALLOCATIONS = {
  off: 'off',
  metadata: 'metadata',
  falloc: 'falloc',
  full: 'full',
} as const;
const VERSIONS = { '0.10': 2, v2: 2, '1.1': 3, v3: 3 } as const;
const COMPRESSIONS = { zlib: 'zlib', zstd: 'zstd' } as const;
const DIALECTS = { native: 'native', v9: 'v9' } as const;

const PLAIN_RULES: readonly OptionRule[] = [
  plainRule('backing_file', '<str>', 'File name of a base image', (draft, text) => {
    draft.backingFile = text;
  }),
  plainRule('backing_fmt', '<str>', 'Image format of the base image', (draft, text) => {
    draft.backingFormat = text;
  }),
  plainRule('cluster_size', '<size>', 'qcow2 cluster size', (draft, text) => {
    draft.clusterSize = asSize('cluster_size', text);
  }),
  plainRule('compat', '<str>', 'Compatibility level (v2 [0.10] or v3 [1.1])', (draft, text) => {
    draft.version = asOneOf(VERSIONS, 'version', text);
  }),
  plainRule(
    'compression_type',
    '<str>',
    'How clusters are compressed: zlib or zstd',
    (draft, text) => {
      draft.compressionType = asOneOf(COMPRESSIONS, 'compression-type', text);
    },
  ),
  plainRule('data_file', '<str>', 'File name of an external data file', (draft, text) => {
    draft.dataFile = text;
  }),
  plainRule(
    'data_file_raw',
    '<bool (on/off)>',
    'The data file stays a raw image',
    (draft, text) => {
      draft.dataFileRaw = asSwitch('data_file_raw', text);
    },
  ),
  plainRule('extended_l2', '<bool (on/off)>', 'Extended L2 tables', (draft, text) => {
    draft.extendedL2 = asSwitch('extended_l2', text);
  }),
  plainRule('lazy_refcounts', '<bool (on/off)>', 'Postpone refcount updates', (draft, text) => {
    draft.lazyRefcounts = asSwitch('lazy_refcounts', text);
  }),
  plainRule('nocow', '<bool (on/off)>', 'Accepted for compatibility', (draft, text) => {
    draft.nocow = asSwitch('nocow', text);
  }),
  plainRule(
    'preallocation',
    '<str>',
    'Preallocation: off, metadata, falloc, full',
    (draft, text) => {
      draft.preallocation = asOneOf(PREALLOCATIONS, 'preallocation', text);
    },
  ),
  plainRule('refcount_bits', '<num>', 'Width of a reference count entry in bits', (draft, text) => {
    draft.refcountBits = asCount('refcount_bits', text);
  }),
  plainRule('size', '<size>', 'Virtual disk size', (draft, text) => {
    draft.size = asSize('size', text);
  }),
];

const ZONED_RULES: readonly OptionRule[] = [
  zonedRule(['zoned_profile'], '<str>', 'Rule book: zbc or zns', (zoned, name, text) => {
    zoned.profile = asProfile(name, text);
  }),
  zonedRule(['dialect'], '<str>', 'Layout of the zones: native or v9', (zoned, _name, text) => {
    zoned.dialect = asOneOf(DIALECTS, 'dialect', text);
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
  zonedRule(['zrwa_size'], '<size>', 'Zone random write area (zns)', (zoned, name, text) => {
    zoned.zrwaSize = asSize(name, text);
  }),
  zonedRule(
    ['zrwa_flush_granularity'],
    '<size>',
    'Unit in which such an area is committed',
    (zoned, name, text) => {
      zoned.zrwaFlushGranularity = asSize(name, text);
    },
  ),
  zonedRule(['zrwa_zones'], '<num>', 'Zones with such an area at once', (zoned, name, text) => {
    zoned.zrwaZones = asCount(name, text);
  }),
  zonedRule(
    ['descriptor_extension_size'],
    '<size>',
    'Bytes that a host can attach to a zone (zns)',
    (zoned, name, text) => {
      zoned.descriptorExtensionSize = asSize(name, text);
    },
  ),
];

function asProfile(name: string, text: string): ZonedProfile {
  if (text === 'zbc' || text === 'zns') return text;
  throw invalidOption(name, text, 'zbc or zns');
}

export const RULES: readonly OptionRule[] = [...PLAIN_RULES, ...ZONED_RULES];
