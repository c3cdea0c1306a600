/** Whether a phase can run on the device: every field in its range, and the device large enough for it. */
import { type Distribution, PHASE_KINDS, type PhaseKind } from './definition.ts';
import { zoneCapacity } from './device/zone-layout.ts';
import {
  MAX_BLOCK_BYTES,
  MAX_IN_FLIGHT,
  MAX_SERVICE_TIME_NS,
  MAX_SIMULATED_SECONDS,
  MAX_STREAMS,
} from './limits.ts';
import type { Problems } from './problems.ts';
import type { ResolvedDevice, ResolvedPhase } from './resolve.ts';
import { checkTranslation } from './resolve-translation.ts';
import { checkWriterModel } from './resolve-writer-model.ts';
import { TRACE_FORMATS } from './trace/record.ts';
import { WRITER_MODEL_NAMES } from './workload/writer-models.ts';

/** Kinds that need active zones. */
const WRITERS: ReadonlySet<PhaseKind> = new Set([
  'seq-write',
  'zone-append',
  'mixed',
  'reset-churn',
  'fill',
  'finish-storm',
  'multi-stream',
  'random-write',
  'trace',
  'fio',
  ...WRITER_MODEL_NAMES,
]);

const ENDS_BY_ITSELF: ReadonlySet<PhaseKind> = new Set(['fill', 'trace', 'fio']);

interface PhaseSurroundings {
  readonly device: ResolvedDevice;
  readonly earlier: readonly ResolvedPhase[];
}

export function checkPhase(
  path: string,
  phase: ResolvedPhase,
  surroundings: PhaseSurroundings,
  problems: Problems,
): void {
  if (!problems.oneOf(`${path}.kind`, phase.kind, PHASE_KINDS)) return;
  const { device } = surroundings;
  if (!checkZones(path, phase, device, problems)) return;
  checkBlockSize(path, phase, device, problems);
  checkAmount(path, phase, device, problems);
  checkParallelism(path, phase, device, problems);
  checkOptions(path, phase, problems);
  checkTranslation(path, phase, device.geometry, problems);
  checkWriterModel(path, phase, device.geometry, problems);
  if (phase.kind === 'random-read-below-wp') checkReadable(path, phase, surroundings, problems);
}

function checkZones(
  path: string,
  { kind, zones }: ResolvedPhase,
  { geometry }: ResolvedDevice,
  problems: Problems,
): boolean {
  const { zoneCount } = geometry;
  const lowest = kind === 'random-read' || kind === 'seq-read' ? 0 : geometry.conventionalZones;
  if (lowest === zoneCount) {
    problems.add(
      `${path}.kind`,
      kind,
      'a workload without writes: the device has no sequential zone',
    );
    return false;
  }
  return (
    problems.integer(`${path}.zones.first`, zones.first, lowest, zoneCount - 1) &&
    problems.integer(`${path}.zones.count`, zones.count, 1, zoneCount - zones.first)
  );
}

function checkBlockSize(
  path: string,
  phase: ResolvedPhase,
  { geometry }: ResolvedDevice,
  problems: Problems,
): void {
  const { kind, blockSize, zones } = phase;
  if (kind === 'fio' && phase.direction === 'trim' && blockSize === geometry.zoneSize) return;
  const unit = geometry.logicalBlockSize;
  let max = MAX_BLOCK_BYTES;
  for (const zone of [zones.first, zones.first + zones.count - 1]) {
    max = Math.min(max, zoneCapacity(geometry, zone)); // only the last zone can be short
  }
  if (kind === 'zone-append') {
    if (geometry.maxAppendBytes === 0) {
      problems.add('device.geometry.maxAppendBytes', 0, 'above 0, for the workload zone-append');
      return;
    }
    max = Math.min(max, geometry.maxAppendBytes);
  }
  max -= max % unit;
  if (problems.integer(`${path}.blockSize`, blockSize, unit, max) && blockSize % unit !== 0) {
    problems.add(`${path}.blockSize`, blockSize, `a multiple of the logical block size ${unit}`);
  }
}

function checkAmount(
  path: string,
  phase: ResolvedPhase,
  device: ResolvedDevice,
  problems: Problems,
): void {
  const { bytes, operations, seconds, blockSize } = phase;
  const given = Object.entries({ bytes, operations, seconds }).filter(([, n]) => n !== undefined);
  const needsNone = ENDS_BY_ITSELF.has(phase.kind) || phase.alongside;
  if (given.length > 1 || (given.length === 0 && !needsNone)) {
    problems.add(path, Object.fromEntries(given), 'exactly one of bytes, operations, seconds');
    return;
  }
  if (phase.kind === 'idle' && seconds === undefined) {
    problems.add(`${path}.seconds`, seconds, 'a time, since the phase is idle');
  }
  if (!(phase.rate >= 0 && Number.isFinite(phase.rate))) {
    problems.add(`${path}.rate`, phase.rate, 'bytes per second, or 0 for no bound');
  }
  problems.integer(`${path}.thinkNs`, phase.thinkNs, 0, MAX_SERVICE_TIME_NS);
  if (bytes !== undefined && (!(bytes > 0) || bytes % blockSize !== 0)) {
    problems.add(`${path}.bytes`, bytes, `a multiple of the block size ${blockSize}`);
  }
  if (operations !== undefined) {
    problems.integer(`${path}.operations`, operations, 1, Number.MAX_SAFE_INTEGER);
  }
  if (seconds === undefined) return;
  if (!(seconds > 0 && seconds <= MAX_SIMULATED_SECONDS)) {
    problems.add(`${path}.seconds`, seconds, `above 0 to ${MAX_SIMULATED_SECONDS}`);
  } else if (
    phase.kind !== 'idle' &&
    device.timing.model === 'constant' &&
    device.timing.serviceTimeNs === 0
  ) {
    const allowed = 'bytes or operations instead, or a device.timing.serviceTimeNs above 0';
    problems.add(`${path}.seconds`, seconds, `${allowed}: on this device no time passes`);
  }
}

function checkParallelism(
  path: string,
  phase: ResolvedPhase,
  { geometry }: ResolvedDevice,
  problems: Problems,
): void {
  const { kind, queueDepth, jobs, zones, overLimit } = phase;
  problems.oneOf(`${path}.overLimit`, overLimit, ['reject', 'count']);
  if (!problems.integer(`${path}.jobs`, jobs, 1, MAX_IN_FLIGHT)) return;
  problems.integer(`${path}.queueDepth`, queueDepth, 1, Math.floor(MAX_IN_FLIGHT / jobs));
  if (!WRITERS.has(kind)) return;
  if ((kind === 'reset-churn' || kind === 'finish-storm') && jobs > zones.count) {
    problems.add(
      `${path}.jobs`,
      jobs,
      `at most zones.count (${zones.count}): each fills its own zone`,
    );
  }
  const writers = kind === 'multi-stream' ? phase.streams : jobs;
  const field = kind === 'multi-stream' ? 'streams' : 'jobs';
  // a translation writes two zones: one for the host, one to relocate into
  const translates = kind === 'random-write' || (kind === 'trace' && phase.translation === 'log');
  const needed = translates ? 2 : Math.min(writers, zones.count);
  const { maxActiveZones } = geometry;
  if (overLimit === 'reject' && maxActiveZones !== 0 && needed > maxActiveZones) {
    const allowed = `at most device.geometry.maxActiveZones (${maxActiveZones}), or overLimit: count`;
    problems.add(`${path}.${field}`, writers, allowed);
  }
}

function checkOptions(path: string, phase: ResolvedPhase, problems: Problems): void {
  switch (phase.kind) {
    case 'mixed':
      problems.share(`${path}.readShare`, phase.readShare);
      break;
    case 'reset-churn':
      problems.share(`${path}.fill`, phase.fill, { above0: true });
      return;
    case 'random-read':
    case 'random-read-below-wp':
      checkDistribution(`${path}.distribution`, phase.distribution, problems);
      return;
    case 'multi-stream':
      problems.integer(`${path}.streams`, phase.streams, 1, MAX_STREAMS);
      checkDistribution(`${path}.distribution`, phase.distribution, problems);
      break;
    case 'random-write':
      problems.share(`${path}.readShare`, phase.readShare);
      checkDistribution(`${path}.distribution`, phase.distribution, problems);
      return;
    case 'trace':
      problems.oneOf(`${path}.format`, phase.format, TRACE_FORMATS);
      problems.oneOf(`${path}.translation`, phase.translation, ['log', 'none']);
      if (!(phase.speed >= 0 && Number.isFinite(phase.speed))) {
        problems.add(`${path}.speed`, phase.speed, 'a number from 0');
      }
      return;
    case 'fio':
      return;
    case 'rocksdb-zenfs':
    case 'f2fs':
    case 'btrfs':
    case 'smr-streams':
      if (!(phase.liveShare > 0 && phase.liveShare <= 0.9)) {
        problems.add(`${path}.liveShare`, phase.liveShare, 'a number above 0 to 0.9');
      }
      return;
    case 'fill':
    case 'idle':
    case 'seq-read':
    case 'reset-storm':
    case 'finish-storm':
      return;
  }
  problems.share(`${path}.resetFrequency`, phase.resetFrequency);
  problems.share(`${path}.resetThreshold`, phase.resetThreshold);
}

function checkDistribution(path: string, given: Distribution, problems: Problems): void {
  switch (given.kind) {
    case 'uniform':
      return;
    case 'zipf':
      if (!((given.theta ?? 0.99) > 0 && (given.theta ?? 0.99) <= 10)) {
        problems.add(`${path}.theta`, given.theta, 'a number above 0 to 10');
      }
      return;
    case 'hot-cold':
      problems.share(`${path}.hot`, given.hot ?? 0.2, { above0: true });
      problems.share(`${path}.access`, given.access ?? 0.8);
      return;
    case 'pareto':
      if (!((given.h ?? 0.2) > 0 && (given.h ?? 0.2) < 1)) {
        problems.add(`${path}.h`, given.h, 'a number above 0 and below 1');
      }
      return;
    default:
      problems.oneOf(`${path}.kind`, (given as { kind: unknown }).kind, [
        'uniform',
        'zipf',
        'hot-cold',
        'pareto',
      ]);
  }
}

/** Something must have been written where the phase reads, or it would wait for ever. */
function checkReadable(
  path: string,
  { zones }: ResolvedPhase,
  { device, earlier }: PhaseSurroundings,
  problems: Problems,
): void {
  const prefilledEnd = device.geometry.conventionalZones + device.prefilledZones;
  const overlaps = (other: ResolvedPhase) =>
    other.zones.first < zones.first + zones.count &&
    zones.first < other.zones.first + other.zones.count;
  const written = earlier.some((phase) => WRITERS.has(phase.kind) && overlaps(phase));
  if (written || zones.first < prefilledEnd) return;
  problems.add(
    `${path}.zones`,
    zones,
    'zones that device.prefilledZones or an earlier phase has written',
  );
}
