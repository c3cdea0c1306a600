/** From a resolved phase to the generator that plays it. */
import { Op } from '../device/command.ts';
import type { Span } from '../device/zone-layout.ts';
import type { OpenTrace } from '../engine/group-run.ts';
import { Random } from '../random.ts';
import type { ResolvedPhase } from '../resolve.ts';
import { logicalBlocksOf } from '../resolve-translation.ts';
import { TraceFeed } from '../trace/feed.ts';
import { createDraw } from './distribution.ts';
import { FileWriter } from './file-writer.ts';
import { Fill } from './fill.ts';
import { FioJob } from './fio-job.ts';
import type { Generator, HostView } from './generator.ts';
import { Idle } from './idle.ts';
import { LogTranslation } from './log-translation.ts';
import { Mixed } from './mixed.ts';
import { MultiStream } from './multi-stream.ts';
import { RandomWriter } from './random-writer.ts';
import { BelowWpReader, RandomReader, SequentialReader } from './readers.ts';
import { ResetChurn } from './reset-churn.ts';
import { FinishStorm, ResetStorm } from './storms.ts';
import { TracePlayer } from './trace-player.ts';
import { WRITER_MODELS } from './writer-models.ts';
import { ZoneWriter } from './zone-writer.ts';

/** @param phaseIndex tells the random streams of phases apart. */
export function createGenerator(
  phase: ResolvedPhase,
  view: HostView,
  seed: number,
  phaseIndex: number,
  openTrace: OpenTrace,
): Generator {
  const { zones: span, blockSize, jobs } = phase;
  const streams = () => Array.from({ length: jobs }, (_, job) => new Random(seed, phaseIndex, job));
  switch (phase.kind) {
    case 'seq-write':
      return new ZoneWriter(view, { ...phase, span, op: Op.Write });
    case 'zone-append':
      return new ZoneWriter(view, { ...phase, span, op: Op.Append });
    case 'seq-read':
      return new SequentialReader(view.device, span, blockSize, jobs);
    case 'random-read':
      return new RandomReader(
        view.device,
        span,
        blockSize,
        streams(),
        createDraw(phase.distribution, span.count),
      );
    case 'random-read-below-wp':
      return new BelowWpReader(view.device, span, blockSize, streams(), phase.distribution);
    case 'mixed': {
      const shared = streams();
      const writer = new ZoneWriter(view, { ...phase, span, op: Op.Write });
      const reader = new BelowWpReader(view.device, span, blockSize, shared);
      return new Mixed(writer, reader, phase.readShare, shared);
    }
    case 'reset-churn':
      return new ResetChurn(view, { ...phase, span });
    case 'fill':
      return new Fill(view, span, jobs, blockSize);
    case 'reset-storm':
      return new ResetStorm(view, span);
    case 'finish-storm':
      return new FinishStorm(view, span, jobs, blockSize);
    case 'random-write': {
      const translation = createTranslation(phase, view);
      const draw = createDraw(phase.distribution, translation.logicalBlocks);
      return new RandomWriter(translation, draw, phase.readShare, phase.fillFirst, streams());
    }
    case 'trace': {
      const { format, trace, speed } = phase;
      const translation = phase.translation === 'log' ? createTranslation(phase, view) : undefined;
      const feed = new TraceFeed(trace, format, openTrace(trace));
      return new TracePlayer(view, feed, translation, { blockSize, speed });
    }
    case 'rocksdb-zenfs':
    case 'f2fs':
    case 'btrfs':
    case 'smr-streams': {
      const random = new Random(seed, phaseIndex, 0);
      const model = WRITER_MODELS[phase.kind];
      return new FileWriter(view, model, span, blockSize, phase.liveShare, random);
    }
    case 'fio':
      return new FioJob(view, phase, span, jobs, blockSize, streams());
    case 'idle':
      return new Idle(phase.seconds ?? 0);
    case 'multi-stream': {
      const writer = new ZoneWriter(view, { ...phase, span, jobs: phase.streams, op: Op.Write });
      return new MultiStream(writer, createDraw(phase.distribution, phase.streams), streams());
    }
  }
}

function createTranslation(
  phase: { zones: Span; blockSize: number; overProvisioning: number },
  view: HostView,
): LogTranslation {
  const { zones, blockSize } = phase;
  return new LogTranslation(view, zones, blockSize, logicalBlocksOf(phase, view.device.geometry));
}
