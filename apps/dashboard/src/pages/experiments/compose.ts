/** An experiment as it is put together: device, phases and what a sweep varies. */

import type { CreateExperiment, CreateSweep } from '@zonelab/contracts';
import type { Choice } from '../../api/experiments.ts';
import { type Typed, typedValue } from '../../ui/schema-form/schema.ts';

export interface PhaseDraft {
  /** Tells drafts apart while they are moved about. */
  readonly key: number;
  readonly kind: string;
  readonly typed: Typed;
}

export interface VaryDraft {
  /** `workload.phases[0].queueDepth` */
  readonly path: string;
  /** Separated by commas. */
  readonly values: string;
}

export interface Draft {
  readonly name: string;
  readonly seed: string;
  readonly preset: string;
  readonly device: Typed;
  readonly phases: readonly PhaseDraft[];
  readonly vary: readonly VaryDraft[];
}

export const NEW_DRAFT: Draft = {
  name: '',
  seed: '1',
  preset: 'zn540',
  device: {},
  phases: [
    {
      key: 0,
      kind: 'seq-write',
      typed: { operations: '100000', blockSize: '64K', queueDepth: '4' },
    },
  ],
  vary: [],
};

export function experimentOf(
  { name, seed, preset, device, phases }: Draft,
  presets: readonly Choice[],
  workloads: readonly Choice[],
): CreateExperiment {
  const schemaOf = (choices: readonly Choice[], chosen: string) =>
    choices.find((choice) => choice.name === chosen)?.parameters ?? {};
  const body = {
    ...(name !== '' && { name }),
    seed: Number(seed),
    device: { preset, ...typedValue(schemaOf(presets, preset), device) },
    workload: {
      phases: phases.map(({ kind, typed }) => ({
        kind,
        ...typedValue(schemaOf(workloads, kind), typed),
      })),
    },
  };
  return body as CreateExperiment; // the API has the last word, and says it field by field
}

/** Every combination of the values. A value is a number where it can be one. */
export function sweepOf(
  { name: given, ...base }: CreateExperiment,
  vary: readonly VaryDraft[],
): CreateSweep {
  const values = (text: string) =>
    text
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '')
      .map((one) => (Number.isNaN(Number(one)) ? one : Number(one)));
  return {
    ...(given !== undefined && { name: given }),
    base: base as CreateSweep['base'],
    mode: 'cartesian',
    vary: Object.fromEntries(vary.map(({ path, values: text }) => [path, values(text)])),
  };
}

/** Fields that a sweep can vary, with what they are called in it. */
export function varyPaths({ phases }: Draft, workloads: readonly Choice[]): string[] {
  const ofPhases = phases.flatMap(({ kind }, index) => {
    const properties = workloads.find(({ name }) => name === kind)?.parameters.properties ?? {};
    return Object.entries(properties)
      .filter(([, { type }]) => type === 'integer' || type === 'number')
      .map(([name]) => `workload.phases[${index}].${name}`);
  });
  const geometry = ['zoneSize', 'zoneCapacity', 'maxOpenZones', 'maxActiveZones'];
  return [
    ...ofPhases,
    ...geometry.map((name) => `device.geometry.${name}`),
    'device.preset',
    'seed',
  ];
}
