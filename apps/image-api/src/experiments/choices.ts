/** What an experiment can be made of: presets and workloads, each with its parameters and their defaults. */

import {
  experimentDeviceSchema,
  type PhaseKind,
  PRESETS,
  type Preset,
  type PresetName,
  parameterSchema,
  phaseSchemaOf,
  presetNameField,
  WORKLOADS,
  type WorkloadInfo,
} from '@zonelab/contracts';
import {
  diskTimingOf,
  flashTimingOf,
  phaseDefaults,
  PRESETS as SIMULATED,
} from '@zonelab/zone-workload';

/** Of a device that its preset does not describe whole. */
const GEOMETRY_DEFAULTS = {
  conventionalZones: 0,
  maxOpenZones: 0,
  maxActiveZones: 0,
  maxAppendBytes: 0,
  logicalBlockSize: 512,
};

export function presets(): Preset[] {
  return presetNameField.options.map((name) => ({
    name,
    description: PRESETS[name],
    parameters: parameterSchema(
      experimentDeviceSchema.safeExtend({ preset: presetNameField.extract([name]) }),
      deviceDefaults(name),
    ),
  }));
}

export function workloads(): WorkloadInfo[] {
  return Object.entries(WORKLOADS).map(([kind, description]) => ({
    kind,
    description,
    parameters: parameterSchema(phaseSchemaOf(kind as PhaseKind), phaseDefaults(kind as PhaseKind)),
  }));
}

function deviceDefaults(name: PresetName): object {
  const { geometry, model } = SIMULATED[name];
  const { zoneSize } = geometry;
  return {
    preset: name,
    geometry: { profile: 'zbc', zoneCapacity: zoneSize, ...GEOMETRY_DEFAULTS, ...geometry },
    timing: { model, serviceTimeNs: 0, flash: flashTimingOf(name), disk: diskTimingOf(name) },
    prefilledZones: 0,
  };
}
