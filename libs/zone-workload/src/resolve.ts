/** From a definition as written to one with every default filled in, checked before anything runs. */
import {
  ImageError,
  type ZonedGeometry,
  type ZoneGeometryOptions,
  zoneGeometry,
} from '@zonelab/qcow2-zoned';
import type { DevicePreset, ExperimentDefinition, PhaseDefinition } from './definition.ts';
import type { DiskTiming } from './device/disk/parameters.ts';
import type { FlashTiming } from './device/flash/parameters.ts';
import { PRESETS } from './device/presets.ts';
import type { Span } from './device/zone-layout.ts';
import { type DefinitionProblem, WorkloadError } from './errors.ts';
import { parseFioJobs } from './fio/jobs.ts';
import { MAX_FIO_BYTES, MAX_PHASES, MAX_ZONES } from './limits.ts';
import { phaseDefaults } from './phase-defaults.ts';
import { Problems } from './problems.ts';
import { checkPhase } from './resolve-phase.ts';
import { resolveTiming } from './resolve-timing.ts';

/** What has no default: one of the amounts is there, and a hash where it was given. */
type Given = 'bytes' | 'operations' | 'seconds' | 'sha256';

/** A phase with nothing left to default. */
export type ResolvedPhase = Resolve<PhaseDefinition>;
type Resolve<P> = P extends PhaseDefinition
  ? Required<Omit<P, Given | 'zones'>> & Pick<P, Given & keyof P> & { readonly zones: Span }
  : never;

export interface ResolvedExperiment {
  readonly name: string;
  readonly seed: number;
  readonly device: ResolvedDevice;
  readonly workload: { readonly phases: readonly ResolvedPhase[] };
  readonly audit: boolean;
}

export interface ResolvedDevice {
  readonly preset: DevicePreset;
  readonly geometry: ZonedGeometry;
  readonly timing: ResolvedTiming;
  readonly prefilledZones: number;
}

export type ResolvedTiming =
  | { readonly model: 'constant'; readonly serviceTimeNs: number }
  | { readonly model: 'flash'; readonly flash: FlashTiming }
  | { readonly model: 'disk'; readonly disk: DiskTiming };

/** Throws `invalid_definition` with every problem found. */
export function resolveExperiment(definition: ExperimentDefinition): ResolvedExperiment {
  const problems = new Problems();
  const { name = '', seed = 1, audit = true } = definition;
  problems.integer('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  const device = resolveDevice(definition, problems);
  const given = phasesOf(definition, device.geometry, problems);
  if (!Array.isArray(given) || given.length === 0 || given.length > MAX_PHASES) {
    problems.add('workload.phases', given, `a list of 1 to ${MAX_PHASES} phases`);
  }
  problems.throwIfAny();
  const phases: ResolvedPhase[] = [];
  for (const [index, phase] of (given ?? []).entries()) {
    const resolved = resolvePhase(phase, device.geometry);
    checkPhase(`workload.phases[${index}]`, resolved, { device, earlier: phases }, problems);
    phases.push(resolved);
  }
  problems.throwIfAny();
  return { name, seed, device, workload: { phases }, audit };
}

/** The phases as given, or as the fio job file says. */
function phasesOf(
  { workload }: ExperimentDefinition,
  geometry: ZonedGeometry,
  problems: Problems,
): readonly PhaseDefinition[] | undefined {
  const { phases, fio } = workload ?? {};
  if (fio === undefined) return phases;
  if (phases !== undefined) problems.add('workload', Object.keys(workload), 'either phases or fio');
  if (typeof fio !== 'string' || fio.length > MAX_FIO_BYTES) {
    problems.add('workload.fio', typeof fio, `a job file of at most ${MAX_FIO_BYTES} bytes`);
    problems.throwIfAny();
  }
  const found: DefinitionProblem[] = [];
  const jobs = parseFioJobs(fio, geometry, found);
  for (const { path, given, allowed } of found) problems.add(path, given, allowed);
  problems.throwIfAny();
  return jobs;
}

/** What is wrong with a definition, field by field; empty if it can run. */
export function validate(definition: ExperimentDefinition): readonly DefinitionProblem[] {
  try {
    resolveExperiment(definition);
    return [];
  } catch (error) {
    if (error instanceof WorkloadError && error.context.problems) return error.context.problems;
    throw error;
  }
}

/** Throws what was found so far if there is no usable geometry: nothing else can be judged without one. */
function resolveDevice(definition: ExperimentDefinition, problems: Problems): ResolvedDevice {
  const { preset, geometry: overrides, timing: timingOverrides } = definition.device ?? {};
  if (!problems.oneOf('device.preset', preset, Object.keys(PRESETS))) problems.throwIfAny();
  const base = PRESETS[preset];
  const geometry = resolveGeometry({ ...base.geometry, ...overrides }, problems);
  const timing = resolveTiming(preset, timingOverrides ?? {}, problems);
  const { prefilledZones = 0 } = definition.device;
  const sequentialZones = geometry.zoneCount - geometry.conventionalZones;
  problems.integer('device.prefilledZones', prefilledZones, 0, sequentialZones);
  return { preset, geometry, timing, prefilledZones };
}

function resolveGeometry(given: Partial<ZoneGeometryOptions>, problems: Problems): ZonedGeometry {
  for (const field of ['size', 'zoneSize'] as const) {
    if (given[field] === undefined) problems.add(`device.geometry.${field}`, undefined, 'bytes');
  }
  problems.throwIfAny();
  try {
    const geometry = zoneGeometry(given as ZoneGeometryOptions);
    if (geometry.zoneCount > MAX_ZONES) {
      const allowed = `at least size / ${MAX_ZONES}: a simulated device has at most that many zones`;
      problems.add('device.geometry.zoneSize', geometry.zoneSize, allowed);
    }
    problems.throwIfAny();
    return geometry;
  } catch (error) {
    if (!(error instanceof ImageError) || error.code !== 'invalid_option') throw error;
    const { field = '', given: value, allowed = '' } = error.context;
    problems.add(`device.geometry.${field}`, value, allowed);
    problems.throwIfAny();
    throw error;
  }
}

function resolvePhase(phase: PhaseDefinition, geometry: ZonedGeometry): ResolvedPhase {
  const first = phase.zones?.first ?? geometry.conventionalZones;
  const count = phase.zones?.count ?? geometry.zoneCount - first;
  return { ...phaseDefaults(phase.kind), ...phase, zones: { first, count } } as ResolvedPhase;
}
