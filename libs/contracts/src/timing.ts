/** Timing of a simulated device, field by field over its preset's. What each field means stands in docs/simulation.md. */

import { z } from 'zod';
import { MAX_SERVICE_TIME_NS } from './limits.ts';
import { sizeField } from './sizes.ts';

const time = z.int().min(0).max(MAX_SERVICE_TIME_NS).optional();
const count = z.int().min(0).max(65_536).optional();
const rate = z.int().min(1).optional().describe('Bytes per second');
const size = sizeField().optional();

const flashTimingSchema = z.strictObject({
  dies: count,
  channels: count,
  diesPerZone: count.describe('0: all'),
  pageBytes: size,
  channelRate: rate,
  hostReadRate: rate,
  hostWriteRate: rate,
  readCommandNs: time,
  writeCommandNs: time,
  appendCommandNs: time,
  manageCommandNs: time,
  commandSpread: z.enum(['none', 'exponential']).optional(),
  readFixedNs: time,
  writeFixedNs: time,
  appendFixedNs: time,
  implicitOpenNs: time,
  pageReadNs: time,
  slowPageReadNs: time,
  slowPageEvery: count,
  programBytes: size,
  programNs: time,
  programSliceNs: time,
  flushBytes: size,
  bufferBytes: size.describe('0: no bound'),
  zoneBufferBytes: size.describe('0: no bound'),
  openNs: time,
  closeNs: time,
  recordNs: time,
  resetWorkNs: time,
  workSliceNs: time,
  eraseNs: time,
  finishNs: time,
  finishPads: z.boolean().optional(),
});

const diskTimingSchema = z.strictObject({
  revolutionNs: time,
  outerRate: rate,
  innerRate: rate,
  seekNs: time,
  strokeNs: time,
  queueDepth: count,
  commandNs: time,
  interfaceRate: rate,
  writeCacheBytes: size,
  readAheadBytes: size,
  manageNs: time,
});

export const timingSchema = z.strictObject({
  model: z
    .enum(['constant', 'flash', 'disk'])
    .optional()
    .describe("The preset's if left out; constant: every command takes serviceTimeNs"),
  serviceTimeNs: time,
  flash: flashTimingSchema.optional(),
  disk: diskTimingSchema.optional(),
});
