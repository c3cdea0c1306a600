/** Named devices. Every field can be overridden; `custom` has no geometry of its own. */
import type { DevicePreset, GeometryDefinition, TimingDefinition } from '../definition.ts';

const MIB = 1024 * 1024;

export interface Preset {
  readonly geometry: GeometryDefinition;
  readonly timing: Required<TimingDefinition>;
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
    timing: { serviceTimeNs: 0 },
  },
  custom: { geometry: {}, timing: { serviceTimeNs: 0 } },
};
