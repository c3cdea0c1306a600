/**
 * Named devices. Every field can be overridden; `custom` has no geometry of its own. Where each number comes from,
 * and how well the device then agrees with measurements, stands in docs/model-cards.
 */
import type { DevicePreset, GeometryDefinition, TimingModelName } from '../definition.ts';
import type { DiskTiming } from './disk/parameters.ts';
import type { FlashTiming } from './flash/parameters.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const US = 1000;
const MS = 1000 * US;

export interface Preset {
  readonly geometry: GeometryDefinition;
  readonly model: TimingModelName;
}

export const PRESETS: Readonly<Record<DevicePreset, Preset>> = {
  ideal: {
    geometry: {
      profile: 'zns',
      size: 64 * 64 * MIB,
      zoneSize: 64 * MIB,
      maxAppendBytes: MIB,
      logicalBlockSize: 4096,
    },
    model: 'constant',
  },
  custom: { geometry: {}, model: 'constant' },
  zn540: {
    geometry: {
      profile: 'zns',
      size: 904 * 2 * GIB,
      zoneSize: 2 * GIB,
      zoneCapacity: 1077 * MIB,
      maxOpenZones: 14,
      maxActiveZones: 14,
      maxAppendBytes: 256 * KIB,
      logicalBlockSize: 4096,
    },
    model: 'flash',
  },
  'femu-default': {
    geometry: {
      profile: 'zns',
      size: 16 * 256 * MIB,
      zoneSize: 256 * MIB,
      maxAppendBytes: 256 * KIB,
      logicalBlockSize: 512,
    },
    model: 'flash',
  },
  'hm-smr': {
    geometry: {
      profile: 'zbc',
      size: 55_880 * 256 * MIB,
      zoneSize: 256 * MIB,
      conventionalZones: 524,
      maxOpenZones: 128,
      logicalBlockSize: 4096,
    },
    model: 'disk',
  },
};

/** Western Digital Ultrastar DC ZN540, 1 TB. */
const ZN540: FlashTiming = {
  dies: 24,
  channels: 8,
  diesPerZone: 0,
  pageBytes: 32 * KIB,
  channelRate: 1_600_000_000,
  hostReadRate: 3_500_000_000,
  hostWriteRate: 2_438_000_000,
  readCommandNs: 2270,
  writeCommandNs: 5400,
  appendCommandNs: 7560,
  manageCommandNs: 2270,
  commandSpread: 'exponential',
  readFixedNs: 19_230,
  writeFixedNs: 4280,
  appendFixedNs: 5590,
  implicitOpenNs: 2000,
  pageReadNs: 43_770,
  slowPageReadNs: 55_770,
  slowPageEvery: 3,
  programBytes: 96 * KIB,
  programNs: 1_896_000,
  programSliceNs: 260_000,
  flushBytes: 96 * KIB,
  bufferBytes: 16 * MIB,
  zoneBufferBytes: 0,
  openNs: 7290,
  closeNs: 8730,
  recordNs: 1_080_000,
  resetWorkNs: 15_000_000,
  workSliceNs: 4000,
  eraseNs: 0,
  finishNs: 11_230,
  finishPads: true,
};

/** FEMU in ZNS mode with its own defaults. */
const FEMU: FlashTiming = {
  dies: 32,
  channels: 8,
  diesPerZone: 0,
  pageBytes: 32 * KIB,
  channelRate: Number.MAX_SAFE_INTEGER,
  hostReadRate: Number.MAX_SAFE_INTEGER,
  hostWriteRate: 4_096_000_000,
  readCommandNs: 0,
  writeCommandNs: 0,
  appendCommandNs: 0,
  manageCommandNs: 0,
  commandSpread: 'none',
  readFixedNs: 0,
  writeFixedNs: 0,
  appendFixedNs: 0,
  implicitOpenNs: 0,
  pageReadNs: 85 * US,
  slowPageReadNs: 85 * US,
  slowPageEvery: 0,
  programBytes: 128 * KIB,
  programNs: 12_196 * US,
  programSliceNs: 0,
  flushBytes: 4 * MIB,
  bufferBytes: 0,
  zoneBufferBytes: 4 * MIB,
  openNs: 0,
  closeNs: 0,
  recordNs: 0,
  resetWorkNs: 0,
  workSliceNs: US,
  eraseNs: 3 * MS,
  finishNs: 0,
  finishPads: false,
};

const HM_SMR: DiskTiming = {
  revolutionNs: 8_333_333,
  outerRate: 240 * MIB,
  innerRate: 118 * MIB,
  seekNs: 1_500_000,
  strokeNs: 14_000_000,
  queueDepth: 32,
  commandNs: 60 * US,
  interfaceRate: 550_000_000,
  writeCacheBytes: 64 * MIB,
  readAheadBytes: 8 * MIB,
  manageNs: 8_333_333,
};

/** What a preset's device takes its flash parameters from. */
export function flashTimingOf(preset: DevicePreset): FlashTiming {
  return preset === 'femu-default' ? FEMU : ZN540;
}

/** What a preset's device takes its disk parameters from. */
export function diskTimingOf(_preset: DevicePreset): DiskTiming {
  return HM_SMR;
}
