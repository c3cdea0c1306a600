/** Timing of a simulated device, field by field over its preset's. Where the numbers come from: docs/model-cards. */

import { z } from 'zod';
import {
  MAX_DIES,
  MAX_DISK_QUEUE_DEPTH,
  MAX_SERVICE_TIME_NS,
  MAX_SLOW_PAGE_EVERY,
} from './limits.ts';
import { measuredIn } from './quantities.ts';
import { sizeField } from './sizes.ts';

const time = (meaning: string, min = 0) =>
  measuredIn('ns', z.int().min(min).max(MAX_SERVICE_TIME_NS)).optional().describe(meaning);
const count = (meaning: string, min: number, max: number) =>
  z.int().min(min).max(max).optional().describe(meaning);
const rate = (meaning: string) =>
  measuredIn('bytes/s', z.int().min(1)).optional().describe(meaning);
const size = (meaning: string, min = 0) => sizeField({ min }).optional().describe(meaning);

const flashTimingSchema = z
  .strictObject({
    dies: count('Dies, each of which does one thing at a time', 1, MAX_DIES),
    channels: count('Channels that the dies share: at most as many as dies', 1, MAX_DIES),
    diesPerZone: count('Dies over which one zone is striped; 0: all', 0, MAX_DIES),
    pageBytes: size('What a die reads at once, and the unit of striping', 1),
    channelRate: rate('Of one channel'),
    hostReadRate: rate('Of the link to the host, from the device'),
    hostWriteRate: rate('Of the link to the host, to the device'),
    readCommandNs: time('Of the command processor, per read'),
    writeCommandNs: time('Of the command processor, per write'),
    appendCommandNs: time('Of the command processor, per append'),
    manageCommandNs: time('Of the command processor, per command on a zone'),
    commandSpread: z
      .enum(['none', 'exponential'])
      .optional()
      .describe("Whether the command processor's times are all alike, or spread about their mean"),
    readFixedNs: time('Of a read, which no other command waits for'),
    writeFixedNs: time('Of a write, which no other command waits for'),
    appendFixedNs: time('Of an append, which no other command waits for'),
    implicitOpenNs: time('Of the first write to a zone that is not open'),
    pageReadNs: time('From command to data in the page register, fast pages'),
    slowPageReadNs: time('From command to data in the page register, slow pages'),
    slowPageEvery: count('One page in so many is slow; 0: none', 0, MAX_SLOW_PAGE_EVERY),
    programBytes: size('What a die programs at once', 1),
    programNs: time('Of a program, once its data is in the registers'),
    programSliceNs: time('A program gives way to a read after each such piece; 0: it does not'),
    flushBytes: size('Data of a zone that programs wait for: a multiple of programBytes', 1),
    bufferBytes: size('Data of the device that waits for programs or is in them; 0: no bound'),
    zoneBufferBytes: size('The same for one zone; 0: no bound'),
    openNs: time('Of an explicit open'),
    closeNs: time('Of a close'),
    recordNs: time('To write down the new condition of a zone, in resets and finishes'),
    resetWorkNs: time(
      'Of the command processor to reset a zone full of data; less data, less work',
    ),
    workSliceNs: time('Mean length of the pieces of that work, between which commands come', 1),
    eraseNs: time("Of the zone's dies at a reset; 0: left to their next program"),
    finishNs: time('Of a finish of an empty or full zone'),
    finishPads: z.boolean().optional().describe('Whether a finish programs the rest of its zone'),
  })
  .describe('Dies on channels, a write buffer, a command processor');

const diskTimingSchema = z
  .strictObject({
    revolutionNs: time('Of the platters', 1),
    outerRate: rate('Of the media at the first byte'),
    innerRate: rate('Of the media at the last byte; in between it changes evenly'),
    seekNs: time('Shortest seek: over a share s of the stroke, seekNs + strokeNs * sqrt(s)'),
    strokeNs: time('What a seek over the whole stroke takes more'),
    queueDepth: count('Commands of which the shortest access goes first', 1, MAX_DISK_QUEUE_DEPTH),
    commandNs: time("Of the drive's electronics, per command"),
    interfaceRate: rate('Of the link to the host'),
    writeCacheBytes: size('Written data that waits for the media; 0: no cache'),
    readAheadBytes: size('How far the drive reads on after a read'),
    manageNs: time('For which a command on a zone occupies the head'),
  })
  .describe('One head over turning platters, a write cache, read-ahead');

export const timingSchema = z.strictObject({
  model: z
    .enum(['constant', 'flash', 'disk'])
    .optional()
    .describe("The preset's if left out; constant: every command takes serviceTimeNs"),
  serviceTimeNs: time('Of every command, where the model is constant'),
  flash: flashTimingSchema.optional(),
  disk: diskTimingSchema.optional(),
});
