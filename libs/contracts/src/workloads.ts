/** Workloads: what is done to the device, as phases that run one after the other. */

import { z } from 'zod';
import { nameField } from './common.ts';
import { SECTOR_BYTES } from './geometry.ts';
import {
  MAX_BLOCK_SIZE_BYTES,
  MAX_JOBS,
  MAX_OPERATIONS,
  MAX_PHASES,
  MAX_QUEUE_DEPTH,
  MAX_SIMULATED_SECONDS,
} from './limits.ts';
import { sizeField } from './sizes.ts';

const share = z.number().min(0).max(1);

const phaseFields = {
  name: nameField.optional(),
  blockSize: sizeField({ min: SECTOR_BYTES, max: MAX_BLOCK_SIZE_BYTES }),
  queueDepth: z.int().min(1).max(MAX_QUEUE_DEPTH).optional().describe('Commands in flight per job'),
  jobs: z.int().min(1).max(MAX_JOBS).optional().describe('Writers or readers side by side'),
  zones: z
    .strictObject({ first: z.int().min(0).optional(), count: z.int().min(1).optional() })
    .optional()
    .describe('All sequential zones if left out'),
  bytes: sizeField({ min: SECTOR_BYTES }).optional(),
  operations: z.int().min(1).max(MAX_OPERATIONS).optional(),
  seconds: z.number().positive().max(MAX_SIMULATED_SECONDS).optional().describe('Simulated time'),
  overLimit: z
    .enum(['reject', 'count'])
    .optional()
    .describe(
      'A phase that needs more open or active zones than the device has is refused, or runs',
    ),
};

const writerFields = {
  resetFrequency: share.optional().describe('Reset the zone in hand every 1/resetFrequency writes'),
  resetThreshold: share.optional().describe('Share of the span that must hold data for that'),
};

export const phaseSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('seq-write'), ...phaseFields, ...writerFields }),
    z.strictObject({ kind: z.literal('zone-append'), ...phaseFields, ...writerFields }),
    z.strictObject({ kind: z.literal('random-read'), ...phaseFields }),
    z.strictObject({ kind: z.literal('random-read-below-wp'), ...phaseFields }),
    z.strictObject({
      kind: z.literal('mixed'),
      ...phaseFields,
      ...writerFields,
      readShare: share,
    }),
    z.strictObject({
      kind: z.literal('reset-churn'),
      ...phaseFields,
      fill: share.positive().optional().describe('Share of the capacity written before the reset'),
      finish: z.boolean().optional().describe('Whether a zone is finished before its reset'),
    }),
  ])
  .superRefine((phase, context) => {
    const ends = [phase.bytes, phase.operations, phase.seconds].filter((end) => end !== undefined);
    if (ends.length !== 1) {
      context.addIssue({ code: 'custom', message: 'exactly one of bytes, operations and seconds' });
    }
  })
  .meta({ id: 'Phase' });
export type Phase = z.infer<typeof phaseSchema>;
export type PhaseKind = Phase['kind'];

export const workloadSchema = z
  .strictObject({ phases: z.array(phaseSchema).min(1).max(MAX_PHASES) })
  .meta({ id: 'Workload' });
export type Workload = z.infer<typeof workloadSchema>;

export const workloadInfoSchema = z
  .object({ kind: z.string(), description: z.string() })
  .meta({ id: 'WorkloadInfo' });
export type WorkloadInfo = z.infer<typeof workloadInfoSchema>;

export const workloadPageSchema = z
  .object({ items: z.array(workloadInfoSchema), nextCursor: z.null() })
  .meta({ id: 'WorkloadPage' });

export const WORKLOADS: Readonly<Record<PhaseKind, string>> = {
  'seq-write': 'Writes zones from their write pointer to their capacity, round and round',
  'zone-append': 'As seq-write, with Zone Append',
  'random-read': 'Reads uniformly over the capacity of the zones, written or not',
  'random-read-below-wp': 'Reads only what has been written',
  mixed: 'Reads below a write pointer with probability readShare, else the next sequential write',
  'reset-churn': 'Fills a zone, resets it, and goes on to the next',
};
