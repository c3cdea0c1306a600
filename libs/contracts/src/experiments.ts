/** Experiments: a simulated device, a workload and a seed. The same three give the same report, byte for byte. */

import { z } from 'zod';
import { idField, nameField, pageOf, pageQuerySchema, timeField } from './common.ts';
import { geometryFields, SECTOR_BYTES } from './geometry.ts';
import { MAX_BLOCK_SIZE_BYTES, MAX_PHASES, MAX_QUEUE_DEPTH } from './limits.ts';
import { type DeviceGeometry, PRESETS, presetNameField } from './presets.ts';
import { sizeField } from './sizes.ts';

export const experimentDeviceSchema = z
  .strictObject({
    preset: presetNameField.default('ideal'),
    overrides: z
      .strictObject({ size: sizeField({ min: SECTOR_BYTES }).optional(), ...geometryFields })
      .default({}),
  })
  .meta({ id: 'ExperimentDevice' });
export type ExperimentDevice = z.infer<typeof experimentDeviceSchema>;

/** Fields that every workload has. `total` is bytes moved; left out, one pass over the chosen zones. */
const workloadFields = {
  zones: z
    .strictObject({ first: z.int().min(0).default(0), count: z.int().min(1).optional() })
    .describe('Which sequential zones, counted from the first sequential one; all if left out')
    .optional(),
  blockSize: sizeField({ min: SECTOR_BYTES, max: MAX_BLOCK_SIZE_BYTES }).default(4096),
  queueDepth: z.int().min(1).max(MAX_QUEUE_DEPTH).default(1),
  total: sizeField({ min: SECTOR_BYTES }).optional(),
};

export const workloadSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('seq-write'), ...workloadFields }),
    z.strictObject({ kind: z.literal('zone-append'), ...workloadFields }),
    z.strictObject({ kind: z.literal('random-read'), ...workloadFields }),
    z.strictObject({ kind: z.literal('random-read-below-wp'), ...workloadFields }),
    z.strictObject({
      kind: z.literal('mixed'),
      ...workloadFields,
      readShare: z.number().min(0).max(1).default(0.5),
    }),
    z.strictObject({
      kind: z.literal('fill'),
      ...workloadFields,
      occupancy: z.number().min(0).max(1).default(1).describe('Share of each capacity to write'),
    }),
    z.strictObject({ kind: z.literal('reset-storm'), zones: workloadFields.zones }),
    z.strictObject({ kind: z.literal('finish-storm'), zones: workloadFields.zones }),
  ])
  .meta({ id: 'Workload' });
export type Workload = z.infer<typeof workloadSchema>;
export type WorkloadKind = Workload['kind'];

const experimentFields = {
  device: experimentDeviceSchema.prefault({}),
  workload: workloadSchema.optional(),
  phases: z.array(workloadSchema).min(1).max(MAX_PHASES).optional(),
  seed: z.int().min(0).max(0xffff_ffff).default(1),
};

function exactlyOneWorkload(
  given: { workload?: unknown; phases?: unknown },
  context: z.RefinementCtx,
): void {
  if ((given.workload === undefined) === (given.phases === undefined)) {
    context.addIssue({
      code: 'custom',
      path: ['workload'],
      message: 'exactly one of workload and phases',
    });
  }
}

/** What an experiment runs: the whole input of a run, and so of its report. */
export const experimentDefinitionSchema = z
  .strictObject(experimentFields)
  .superRefine(exactlyOneWorkload)
  .meta({ id: 'ExperimentDefinition' });
export type ExperimentDefinition = z.infer<typeof experimentDefinitionSchema>;

export const createExperimentSchema = z
  .strictObject({ name: nameField.optional(), ...experimentFields })
  .superRefine(exactlyOneWorkload)
  .meta({ id: 'CreateExperiment' });
export type CreateExperiment = z.infer<typeof createExperimentSchema>;

/** The preset's geometry with the overrides laid over it. A zone capacity follows an overridden zone size. */
export function resolveDeviceGeometry(device: ExperimentDevice): DeviceGeometry {
  const { geometry } = PRESETS[device.preset];
  const { zoneSize = geometry.zoneSize } = device.overrides;
  const zoneCapacity = zoneSize === geometry.zoneSize ? geometry.zoneCapacity : zoneSize;
  return { ...geometry, zoneCapacity, ...device.overrides };
}

export const experimentStatusField = z.enum([
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
]);
export type ExperimentStatus = z.infer<typeof experimentStatusField>;

export const experimentSchema = z
  .object({
    id: idField,
    name: z.string().nullable(),
    status: experimentStatusField,
    progress: z.number().min(0).max(1),
    seed: z.int(),
    definition: z.record(z.string(), z.unknown()),
    error: z.string().nullable(),
    createdAt: timeField,
    startedAt: timeField.nullable(),
    finishedAt: timeField.nullable(),
  })
  .meta({ id: 'Experiment' });
export type Experiment = z.infer<typeof experimentSchema>;

export const experimentPageSchema = pageOf(experimentSchema, 'ExperimentPage');
export const listExperimentsSchema = pageQuerySchema.extend({
  status: experimentStatusField.optional(),
});
export type ListExperiments = z.infer<typeof listExperimentsSchema>;

export const reportQuerySchema = z.strictObject({ format: z.enum(['json']).default('json') });
export type ReportQuery = z.infer<typeof reportQuerySchema>;

/** The report's own schema belongs to the simulator that writes it. */
export const experimentReportSchema = z.record(z.string(), z.unknown()).meta({
  id: 'ExperimentReport',
});
export type ExperimentReport = z.infer<typeof experimentReportSchema>;

export const workloadInfoSchema = z
  .object({ kind: z.string(), description: z.string() })
  .meta({ id: 'WorkloadInfo' });
export type WorkloadInfo = z.infer<typeof workloadInfoSchema>;
export const workloadPageSchema = z
  .object({ items: z.array(workloadInfoSchema), nextCursor: z.null() })
  .meta({ id: 'WorkloadPage' });

export const WORKLOADS: Readonly<Record<WorkloadKind, string>> = {
  'seq-write': 'Writes at the write pointer, zone after zone; a full zone is reset first',
  'zone-append': 'Appends, zone after zone; a full zone is reset first',
  'random-read': 'Reads anywhere in the chosen zones',
  'random-read-below-wp': 'Reads only what has been written',
  mixed: 'Sequential writes with a share of random reads below the write pointer',
  fill: 'Writes each zone up to an occupancy',
  'reset-storm': 'Resets the zones one after the other',
  'finish-storm': 'Finishes the zones one after the other',
};
