/** Sweeps: many experiments from one definition, any of its fields varied, and one comparison of them. */

import { z } from 'zod';
import { idField, nameField, pageOf, pageQuerySchema, timeField } from './common.ts';
import { createExperimentSchema } from './experiments.ts';
import { MAX_SWEEP_RUNS } from './limits.ts';

const rangeSchema = z
  .strictObject({
    from: z.number(),
    to: z.number(),
    step: z.number().positive().optional(),
    factor: z.number().gt(1).optional(),
  })
  .refine(({ step, factor }) => step === undefined || factor === undefined, {
    message: 'either step or factor',
  });

/** The base is checked field by field once its values are in place. */
export const createSweepSchema = z
  .strictObject({
    name: nameField.optional(),
    base: z.looseObject({}).describe('An experiment, of which some fields vary'),
    mode: z.enum(['cartesian', 'zipped']).default('cartesian'),
    vary: z
      .record(
        z.string().min(1),
        z.union([z.array(z.unknown()).min(1).max(MAX_SWEEP_RUNS), rangeSchema]),
      )
      .describe('Values by the path of the field, as workload.phases[0].queueDepth'),
    priority: createExperimentSchema.shape.priority,
    timeoutSeconds: createExperimentSchema.shape.timeoutSeconds,
  })
  .meta({ id: 'CreateSweep' });
export type CreateSweep = z.infer<typeof createSweepSchema>;

export const sweepSchema = z
  .object({
    id: idField,
    name: z.string().nullable(),
    status: z
      .enum(['queued', 'running', 'succeeded', 'failed', 'cancelled'])
      .describe(
        'failed, cancelled: at least one of its experiments is; it goes on with the others',
      ),
    progress: z.number().min(0).max(1),
    runs: z.int(),
    counts: z.record(z.string(), z.int()).describe('Experiments by status'),
    definition: z.record(z.string(), z.unknown()),
    createdAt: timeField,
    finishedAt: timeField.nullable(),
  })
  .meta({ id: 'Sweep' });
export type Sweep = z.infer<typeof sweepSchema>;

export const sweepPageSchema = pageOf(sweepSchema, 'SweepPage');
export const listSweepsSchema = pageQuerySchema;
