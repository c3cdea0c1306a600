/** Workloads: what is done to the device, as phases that run one after the other. */

import { z } from 'zod';
import { nameField, textField } from './common.ts';
import { countField, SECTOR_BYTES } from './geometry.ts';
import {
  MAX_BLOCK_SIZE_BYTES,
  MAX_FIO_LENGTH,
  MAX_JOBS,
  MAX_OPERATIONS,
  MAX_PHASES,
  MAX_QUEUE_DEPTH,
  MAX_SERVICE_TIME_NS,
  MAX_SIMULATED_SECONDS,
  MAX_STREAMS,
  MAX_TRACE_NAME_LENGTH,
  MAX_TRACE_SPEED,
} from './limits.ts';
import { parametersField } from './parameters.ts';
import { measuredIn } from './quantities.ts';
import { sizeField } from './sizes.ts';
import { traceFormatField, traceHashField } from './traces.ts';

const share = z.number().min(0).max(1);
const nanoseconds = measuredIn('ns', z.int().min(0).max(MAX_SERVICE_TIME_NS));

const phaseFields = {
  name: nameField.optional().describe('What the report calls the phase; its kind if left out'),
  blockSize: sizeField({ min: SECTOR_BYTES, max: MAX_BLOCK_SIZE_BYTES })
    .optional()
    .describe('Of one read, write or append: a multiple of the logical block size'),
  queueDepth: measuredIn('commands', z.int().min(1).max(MAX_QUEUE_DEPTH))
    .optional()
    .describe('Commands in flight per job'),
  jobs: z.int().min(1).max(MAX_JOBS).optional().describe('Writers or readers side by side'),
  zones: z
    .strictObject({
      first: countField.optional().describe('Index on the device; the first sequential one'),
      count: countField.min(1).optional().describe('All from the first to the end if left out'),
    })
    .optional()
    .describe('All sequential zones if left out'),
  bytes: sizeField({ min: SECTOR_BYTES })
    .optional()
    .describe('End after so much: exactly one of bytes, operations and seconds'),
  operations: measuredIn('commands', z.int().min(1).max(MAX_OPERATIONS))
    .optional()
    .describe('End after so many commands: exactly one of bytes, operations and seconds'),
  seconds: measuredIn('s', z.number().positive().max(MAX_SIMULATED_SECONDS))
    .optional()
    .describe('End after so much simulated time: exactly one of bytes, operations and seconds'),
  alongside: z
    .boolean()
    .optional()
    .describe('Runs together with the phase before it; ends with it where it has no amount'),
  rate: measuredIn('bytes/s', sizeField())
    .optional()
    .describe('Bytes per second to keep below; 0: no bound'),
  thinkNs: nanoseconds
    .optional()
    .describe('Between the end of a command and the next one in its place'),
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

const distributionField = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('uniform') }),
    z.strictObject({
      kind: z.literal('zipf'),
      theta: z
        .number()
        .positive()
        .max(10)
        .optional()
        .describe('The k-th is drawn in proportion to 1 / k^theta; 0.99 if left out'),
    }),
    z.strictObject({
      kind: z.literal('hot-cold'),
      hot: share.positive().optional().describe('Share that is hot; 0.2 if left out'),
      access: share.optional().describe('Share of the draws that hit it; 0.8 if left out'),
    }),
    z.strictObject({
      kind: z.literal('pareto'),
      h: share
        .positive()
        .lt(1)
        .optional()
        .describe('The share h gets 1 - h of the draws, and so on in it; 0.2 if left out'),
    }),
  ])
  .optional()
  .describe('How zones, streams or blocks are drawn, the first most often; uniform if left out');

const overProvisioningField = share
  .positive()
  .lt(1)
  .optional()
  .describe('Share of the zones that the translation keeps free; 0.1 if left out');

export const phaseSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('seq-write'), ...phaseFields, ...writerFields }),
    z.strictObject({ kind: z.literal('zone-append'), ...phaseFields, ...writerFields }),
    z.strictObject({ kind: z.literal('seq-read'), ...phaseFields }),
    z.strictObject({
      kind: z.literal('random-read'),
      ...phaseFields,
      distribution: distributionField,
    }),
    z.strictObject({
      kind: z.literal('random-read-below-wp'),
      ...phaseFields,
      distribution: distributionField,
    }),
    z.strictObject({
      kind: z.literal('mixed'),
      ...phaseFields,
      ...writerFields,
      readShare: share.describe('Share of the commands that read'),
    }),
    z.strictObject({
      kind: z.literal('reset-churn'),
      ...phaseFields,
      fill: share.positive().optional().describe('Share of the capacity written before the reset'),
      finish: z.boolean().optional().describe('Whether a zone is finished before its reset'),
    }),
    z.strictObject({ kind: z.literal('fill'), ...phaseFields }),
    z.strictObject({ kind: z.literal('reset-storm'), ...phaseFields }),
    z.strictObject({ kind: z.literal('finish-storm'), ...phaseFields }),
    z.strictObject({
      kind: z.literal('multi-stream'),
      ...phaseFields,
      ...writerFields,
      streams: z.int().min(1).max(MAX_STREAMS).optional().describe('Each with a zone of its own'),
      distribution: distributionField,
    }),
    z.strictObject({ kind: z.literal('idle'), ...phaseFields }),
    z.strictObject({
      kind: z.literal('random-write'),
      ...phaseFields,
      overProvisioning: overProvisioningField,
      distribution: distributionField,
      readShare: share.optional().describe('Share of the commands that read'),
      fillFirst: z
        .boolean()
        .optional()
        .describe('Whether the space is written once before blocks are drawn; true if left out'),
    }),
    z.strictObject({
      kind: z.enum(['rocksdb-zenfs', 'f2fs', 'btrfs', 'smr-streams']),
      ...phaseFields,
      liveShare: share
        .positive()
        .max(0.9)
        .optional()
        .describe('Share of the zones that live data takes; 0.6 if left out'),
    }),
    z.strictObject({
      kind: z.literal('trace'),
      ...phaseFields,
      overProvisioning: overProvisioningField,
      format: traceFormatField,
      trace: textField
        .min(1)
        .max(MAX_TRACE_NAME_LENGTH)
        .describe('Its name under /v1/traces; for the command line, a file beside the definition'),
      sha256: traceHashField
        .optional()
        .describe('SHA-256 that the trace must have; over REST, that of the trace if left out'),
      translation: z
        .enum(['log', 'none'])
        .optional()
        .describe(
          'log: a log-structured translation with garbage collection; none: addresses as they are',
        ),
      speed: z
        .number()
        .min(0)
        .max(MAX_TRACE_SPEED)
        .optional()
        .describe('1: at the times of the trace; 0: as fast as the queue allows'),
    }),
  ])
  .superRefine((phase, context) => {
    const ends = [phase.bytes, phase.operations, phase.seconds].filter((end) => end !== undefined);
    const needsNone = phase.alongside === true || ['fill', 'trace'].includes(phase.kind);
    if (ends.length > 1 || (ends.length === 0 && !needsNone)) {
      context.addIssue({ code: 'custom', message: 'exactly one of bytes, operations and seconds' });
    }
  })
  .meta({ id: 'Phase' });
export type Phase = z.infer<typeof phaseSchema>;
export type PhaseKind = Phase['kind'];

/** The fields of one kind of phase alone. */
export function phaseSchemaOf(kind: PhaseKind): z.ZodType {
  for (const option of phaseSchema.options) {
    const fields: z.core.$ZodShape = option.shape;
    if (z.safeParse(fields.kind as z.core.$ZodType, kind).success) {
      return option.extend({ kind: z.literal(kind) });
    }
  }
  throw new Error(`no phase is of kind ${kind}`);
}

export const workloadSchema = z
  .strictObject({
    phases: z.array(phaseSchema).min(1).max(MAX_PHASES).optional(),
    fio: textField
      .max(MAX_FIO_LENGTH)
      .optional()
      .describe('Text of a fio job file with zonemode=zbd, instead of phases'),
  })
  .refine(({ phases, fio }) => (phases === undefined) !== (fio === undefined), {
    message: 'exactly one of phases and fio',
  })
  .meta({ id: 'Workload' });
export type Workload = z.infer<typeof workloadSchema>;

export const workloadInfoSchema = z
  .object({
    kind: z.string(),
    description: z.string(),
    parameters: parametersField.describe(
      'Of a phase of this kind, as JSON Schema (draft 2020-12); numbers have a `unit`',
    ),
  })
  .meta({ id: 'WorkloadInfo' });
export type WorkloadInfo = z.infer<typeof workloadInfoSchema>;

export const workloadPageSchema = z
  .object({ items: z.array(workloadInfoSchema), nextCursor: z.null() })
  .meta({ id: 'WorkloadPage' });

export const WORKLOADS: Readonly<Record<PhaseKind, string>> = {
  'seq-write': 'Writes zones from their write pointer to their capacity, round and round',
  'zone-append': 'As seq-write, with Zone Append',
  'seq-read': 'Reads one zone after the other, round and round',
  'random-read': 'Reads uniformly over the capacity of the zones, written or not',
  'random-read-below-wp': 'Reads only what has been written',
  mixed: 'Reads below a write pointer with probability readShare, else the next sequential write',
  'reset-churn': 'Fills a zone, resets it, and goes on to the next',
  fill: 'Writes every zone to its end, once',
  'reset-storm': 'Resets one zone after the other, as fast as the device answers',
  'finish-storm': 'Writes one block to a zone, finishes it, and goes on to the next',
  'multi-stream': 'One writer, several streams with a zone of their own each',
  'random-write': 'Writes blocks anywhere, through a log-structured translation on the host',
  'rocksdb-zenfs': 'Files by lifetime, a finish threshold, garbage collection: RocksDB on ZenFS',
  f2fs: 'Six logs, checkpoints in conventional zones: F2FS with sections of one zone',
  btrfs: 'Appended data, metadata apart, a superblock log in two zones: btrfs',
  'smr-streams': 'Four long streams, the oldest data given up first: recorders and archives',
  trace: 'Plays a trace, through a log-structured translation or as it is',
  idle: 'Gives no command, so that the device gets time for itself',
};
