/** Experiments: a simulated device, a workload and a seed. The same three give the same report, byte for byte. */

import { z } from 'zod';
import { idField, nameField, pageOf, pageQuerySchema, timeField } from './common.ts';
import { countField, logicalBlockSizeField, profileField, SECTOR_BYTES } from './geometry.ts';
import { MAX_COMPARED, MAX_PRIORITY, MAX_TIMEOUT_SECONDS } from './limits.ts';
import { presetNameField } from './presets.ts';
import { measuredIn } from './quantities.ts';
import { sizeField } from './sizes.ts';
import { timingSchema } from './timing.ts';
import { workloadSchema } from './workloads.ts';

const bytesField = (meaning: string) =>
  sizeField({ min: SECTOR_BYTES }).optional().describe(meaning);
const zonesField = (meaning: string) =>
  measuredIn('zones', countField).optional().describe(meaning);

const geometryOverrides = z.strictObject({
  profile: profileField.optional(),
  size: bytesField('Of the device: whole zones under zns'),
  zoneSize: bytesField('From the start of a zone to the start of the next'),
  zoneCapacity: bytesField('What can be written of a zone: its size under zbc'),
  conventionalZones: zonesField('At the start, without a write pointer: 0 under zns'),
  maxOpenZones: zonesField('Open at once; 0: no limit'),
  maxActiveZones: zonesField('Open and closed at once, at least maxOpenZones; 0: no limit'),
  maxAppendBytes: sizeField().optional().describe('Largest append; 0: no append'),
  logicalBlockSize: measuredIn('bytes', logicalBlockSizeField)
    .optional()
    .describe('What addresses and lengths are multiples of'),
});

export const experimentDeviceSchema = z
  .strictObject({
    preset: presetNameField,
    geometry: geometryOverrides.optional(),
    timing: timingSchema.optional(),
    prefilledZones: zonesField('Sequential zones, from the first, that are full at the start'),
  })
  .superRefine(({ preset, geometry }, context) => {
    if (preset !== 'custom') return;
    for (const field of ['size', 'zoneSize'] as const) {
      if (geometry?.[field] !== undefined) continue;
      const message = 'a size, since the preset is custom';
      context.addIssue({ code: 'custom', path: ['geometry', field], message });
    }
  })
  .meta({ id: 'ExperimentDevice' });
export type ExperimentDevice = z.infer<typeof experimentDeviceSchema>;

/** What an experiment runs: the whole input of a run, and so of its report. */
export const experimentDefinitionSchema = z
  .strictObject({
    name: nameField.optional(),
    device: experimentDeviceSchema,
    workload: workloadSchema,
    seed: z.int().min(0).default(1),
    audit: z
      .boolean()
      .optional()
      .describe('Whether every answer of the device is predicted and checked'),
  })
  .meta({ id: 'ExperimentDefinition' });
export type ExperimentDefinition = z.infer<typeof experimentDefinitionSchema>;

/** How an experiment is queued: no part of what it runs, nor of its report. */
const queueingFields = {
  priority: z
    .int()
    .min(0)
    .max(MAX_PRIORITY)
    .optional()
    .describe('The higher the sooner; 0 if left out'),
  timeoutSeconds: z
    .int()
    .min(1)
    .max(MAX_TIMEOUT_SECONDS)
    .optional()
    .describe('Time that the run may take before it fails'),
};
export interface Queueing {
  priority?: number | undefined;
  timeoutSeconds?: number | undefined;
  imageId?: string | undefined;
}

export const createExperimentSchema = experimentDefinitionSchema
  .extend(queueingFields)
  .extend({
    imageId: idField
      .optional()
      .describe(
        'A zoned image, all of its zones empty, that carries the run out byte by byte and is verified in the end; the device has its geometry',
      ),
  })
  .meta({ id: 'CreateExperiment' });
export type CreateExperiment = z.infer<typeof createExperimentSchema>;

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
    priority: z.int(),
    timeoutSeconds: z.int().nullable(),
    remainingSeconds: z
      .number()
      .nullable()
      .describe('Time to its end at the pace so far; null unless it runs'),
    imageId: idField.nullable().describe('The image that carries it out'),
    verifiedBytes: z
      .int()
      .nullable()
      .describe('Bytes of the image that were read back and agreed; null without one'),
    sweepId: idField.nullable(),
    sweepLabel: z.string().nullable().describe('What tells it from the others of its sweep'),
    summary: z
      .object({
        durationNs: z.number(),
        iops: z.number().nullable(),
        readBytesPerSecond: z.number().nullable(),
        writtenBytesPerSecond: z.number().nullable(),
        p99LatencyNs: z.number().nullable(),
        writeAmplification: z.number().nullable(),
      })
      .nullable()
      .describe('Of the report; null until it succeeded'),
    createdAt: timeField,
    startedAt: timeField.nullable(),
    finishedAt: timeField.nullable(),
  })
  .meta({ id: 'Experiment' });
export type Experiment = z.infer<typeof experimentSchema>;

export const experimentPageSchema = pageOf(experimentSchema, 'ExperimentPage');
export const listExperimentsSchema = pageQuerySchema.extend({
  status: experimentStatusField.optional(),
  sweepId: idField.optional(),
});
export type ListExperiments = z.infer<typeof listExperimentsSchema>;

const formatField = z.enum(['json', 'csv', 'html']).default('json');

export const reportQuerySchema = z.strictObject({
  format: formatField,
  table: z
    .enum(['operations', 'series', 'zones'])
    .default('operations')
    .describe('Which table, as csv'),
});
export type ReportQuery = z.infer<typeof reportQuerySchema>;

/** The report's own schema belongs to the simulator that writes it. */
export const experimentReportSchema = z.record(z.string(), z.unknown()).meta({
  id: 'ExperimentReport',
});
export type ExperimentReport = z.infer<typeof experimentReportSchema>;

export const compareQuerySchema = z.strictObject({
  ids: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(idField).min(2).max(MAX_COMPARED))
    .describe('Ids of experiments that succeeded, separated by commas'),
  format: formatField,
});
export type CompareQuery = z.infer<typeof compareQuerySchema>;

export const comparisonSchema = z.record(z.string(), z.unknown()).meta({ id: 'Comparison' });
export type Comparison = z.infer<typeof comparisonSchema>;
