/**
 * From a fio job file with `zonemode=zbd` to phases: every section a phase, side by side until `stonewall`. Options that
 * a simulation cannot honour are refused, with their line and what is allowed; none is dropped in silence that
 * would change what is written where.
 */
import type { ZonedGeometry } from '@zonelab/qcow2-zoned';
import type { FioPhase } from '../definition.ts';
import type { DefinitionProblem } from '../errors.ts';
import { type FioOption, type FioSection, linePath, parseIni } from './ini.ts';
import {
  ASYNCHRONOUS_ENGINES,
  fioBool,
  fioDistribution,
  fioSize,
  fioTime,
  SYNCHRONOUS_ENGINES,
  WITHOUT_EFFECT,
} from './options.ts';

/** Adds what is wrong to `problems`; the phases are of use only where nothing is. */
export function parseFioJobs(
  text: string,
  geometry: ZonedGeometry,
  problems: DefinitionProblem[],
): readonly FioPhase[] {
  const sections = parseIni(text, problems);
  const jobs = sections.filter(({ name }) => name !== 'global');
  if (jobs.length === 0 && problems.length === 0) {
    problems.push({
      path: 'workload.fio',
      given: 'no job',
      allowed: 'at least one section besides [global]',
    });
  }
  const phases: FioPhase[] = [];
  let globals: FioOption[] = [];
  for (const section of sections) {
    if (section.name === 'global') globals = [...globals, ...section.options];
    else {
      const reader = new JobReader(section, globals, geometry, problems);
      const phase = reader.read();
      phases.push({ ...phase, alongside: phases.length > 0 && !reader.stonewall });
    }
  }
  return phases;
}

const DIRECTIONS: Readonly<Record<string, Pick<FioPhase, 'direction' | 'random'>>> = {
  read: { direction: 'read', random: false },
  write: { direction: 'write', random: false },
  randread: { direction: 'read', random: true },
  randwrite: { direction: 'write', random: true },
  rw: { direction: 'mixed', random: false },
  readwrite: { direction: 'mixed', random: false },
  randrw: { direction: 'mixed', random: true },
  trim: { direction: 'trim', random: false },
  randtrim: { direction: 'trim', random: true },
};

/** Option names that mean the same. */
const ALIASES: Readonly<Record<string, string>> = {
  readwrite: 'rw',
  blocksize: 'bs',
  zone_size: 'zonesize',
  iodepth: 'iodepth',
  wait_for_previous: 'stonewall',
  io_limit: 'io_size',
};

class JobReader {
  stonewall = false;
  private readonly values = new Map<string, FioOption>();

  constructor(
    private readonly section: FioSection,
    globals: readonly FioOption[],
    private readonly geometry: ZonedGeometry,
    private readonly problems: DefinitionProblem[],
  ) {
    for (const option of [...globals, ...section.options]) {
      this.values.set(ALIASES[option.name] ?? option.name, option);
    }
  }

  read(): FioPhase {
    const blockSize = this.size('bs') ?? 4096;
    this.checkZoneMode();
    const span = this.span();
    const { direction, random } = this.choice('rw', DIRECTIONS) ?? {
      direction: 'read' as const,
      random: false,
    };
    const jobs = this.integer('numjobs', 1, 65_536) ?? 1;
    const seconds = this.time('runtime', 's');
    const timeBased = this.flag('time_based') ?? false;
    const loops = this.integer('loops', 1, 1_000_000) ?? 1;
    const perJob = (this.size('io_size') ?? span.bytes) * loops;
    const engine = this.engine();
    const queueDepth = this.integer('iodepth', 1, 65_536) ?? 1;
    this.stonewall = this.flag('stonewall') ?? false;
    const readShare = this.integer('rwmixread', 0, 100);
    const writeShare = this.integer('rwmixwrite', 0, 100);
    const phase: FioPhase = {
      kind: 'fio',
      name: this.section.name,
      blockSize,
      queueDepth: engine === 'synchronous' ? 1 : queueDepth,
      jobs,
      zones: span.zones,
      rate: this.size('rate') ?? 0,
      thinkNs: Math.round((this.time('thinktime', 'us') ?? 0) * 1e9),
      direction,
      random,
      readShare: (readShare ?? (writeShare === undefined ? 50 : 100 - writeShare)) / 100,
      bytesPerJob: timeBased ? Number.MAX_SAFE_INTEGER : perJob,
      maxOpenZones: this.integer('max_open_zones', 0, 1_000_000) ?? this.geometry.maxOpenZones,
      jobMaxOpenZones: this.integer('job_max_open_zones', 0, 1_000_000) ?? 0,
      resetFrequency: this.share('zone_reset_frequency'),
      resetThreshold: this.share('zone_reset_threshold'),
      readBeyondWp: this.flag('read_beyond_wp') ?? false,
      distribution: this.distribution(),
      overLimit: 'count',
      ...(seconds !== undefined && seconds > 0 && { seconds }),
    };
    if (timeBased && seconds === undefined) this.refuse('time_based', 'only together with runtime');
    for (const option of this.values.values()) {
      if (!WITHOUT_EFFECT.has(option.name)) this.unknown(option);
    }
    return phase;
  }

  private checkZoneMode(): void {
    const mode = this.take('zonemode');
    if (mode?.value !== 'zbd') {
      const path = mode
        ? linePath(mode.line, 'zonemode')
        : `${linePath(this.section.line)} [${this.section.name}], zonemode`;
      this.problems.push({ path, given: mode?.value ?? 'nothing', allowed: 'zbd' });
    }
    const size = this.size('zonesize');
    if (size !== undefined && size !== 0 && size !== this.geometry.zoneSize) {
      this.refuseValue('zonesize', size, `${this.geometry.zoneSize}, the device's zone size`);
    }
    const capacity = this.size('zonecapacity');
    if (capacity !== undefined && capacity !== 0 && capacity !== this.geometry.zoneCapacity) {
      const allowed = `${this.geometry.zoneCapacity}, the device's zone capacity`;
      this.refuseValue('zonecapacity', capacity, allowed);
    }
  }

  /** Whole zones, and the bytes that they span: fio counts zone sizes, not capacities. */
  private span(): { zones: { first: number; count: number }; bytes: number } {
    const { zoneSize, size: deviceSize, conventionalZones } = this.geometry;
    const start = conventionalZones * zoneSize;
    const offset = this.size('offset', deviceSize) ?? start;
    const size = this.size('size', deviceSize - offset) ?? deviceSize - offset;
    if (offset % zoneSize !== 0 || offset < start || offset >= deviceSize) {
      const allowed = `a multiple of the zone size ${zoneSize} from ${start}, below ${deviceSize}`;
      this.refuseValue('offset', offset, allowed);
    }
    if (size < zoneSize || offset + size > deviceSize) {
      const allowed = `from the zone size ${zoneSize} to what the device has past offset, ${deviceSize - offset}`;
      this.refuseValue('size', size, allowed);
    }
    const first = Math.floor(offset / zoneSize);
    return { zones: { first, count: Math.max(1, Math.floor(size / zoneSize)) }, bytes: size };
  }

  private engine(): 'synchronous' | 'asynchronous' {
    const option = this.take('ioengine');
    const name = option?.value ?? 'psync';
    if (SYNCHRONOUS_ENGINES.has(name)) return 'synchronous';
    if (option && !ASYNCHRONOUS_ENGINES.has(name.replace(/:.*/, ''))) {
      const allowed = [...SYNCHRONOUS_ENGINES, ...ASYNCHRONOUS_ENGINES].join(', ');
      this.problems.push({ path: linePath(option.line, 'ioengine'), given: name, allowed });
    }
    return 'asynchronous';
  }

  private distribution(): FioPhase['distribution'] {
    const option = this.take('random_distribution');
    if (option === undefined) return { kind: 'uniform' };
    const found = fioDistribution(option.value ?? '');
    if (!found) this.wrong(option, 'random, zipf:THETA, pareto:H with H below 1');
    return found ?? { kind: 'uniform' };
  }

  private readonly lines = new Map<string, number>();

  private take(name: string): FioOption | undefined {
    const option = this.values.get(name);
    this.values.delete(name);
    if (option) this.lines.set(name, option.line);
    return option;
  }

  /** Bytes; `10%` of `whole`, and `4z` zones, where these make sense. */
  private size(name: string, whole?: number): number | undefined {
    const option = this.take(name);
    if (!option) return undefined;
    const text = option.value ?? '';
    const { zoneSize } = this.geometry;
    const zones = /^(\d+)z$/.exec(text);
    if (zones && whole !== undefined) return Number(zones[1]) * zoneSize;
    const percent = /^(\d+)%$/.exec(text);
    if (percent && whole !== undefined) {
      return Math.floor((whole * Number(percent[1])) / 100 / zoneSize) * zoneSize;
    }
    const bytes = fioSize(text);
    if (bytes === undefined) {
      this.wrong(
        option,
        `bytes, or a number with k, m, g, t${whole === undefined ? '' : ', %, z'}`,
      );
    }
    return bytes;
  }

  private time(name: string, unit: 's' | 'us'): number | undefined {
    const option = this.take(name);
    if (!option) return undefined;
    const seconds = fioTime(option.value ?? '', unit);
    if (seconds === undefined) this.wrong(option, `a time, as 30 (${unit}), 5m, 100ms`);
    return seconds;
  }

  private integer(name: string, min: number, max: number): number | undefined {
    const option = this.take(name);
    if (!option) return undefined;
    const value = /^\d+$/.test(option.value ?? '') ? Number(option.value) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.wrong(option, `a whole number from ${min} to ${max}`);
    return undefined;
  }

  private share(name: string): number {
    const option = this.take(name);
    if (!option) return 0;
    const value = Number(option.value);
    if (option.value !== undefined && value >= 0 && value <= 1) return value;
    this.wrong(option, 'a number from 0 to 1');
    return 0;
  }

  private flag(name: string): boolean | undefined {
    const option = this.take(name);
    if (!option) return undefined;
    const value = fioBool(option.value);
    if (value === undefined) this.wrong(option, '0 or 1');
    return value;
  }

  private choice<T>(name: string, from: Readonly<Record<string, T>>): T | undefined {
    const option = this.take(name);
    if (!option) return undefined;
    const found = from[option.value ?? ''];
    if (found === undefined) this.wrong(option, Object.keys(from).join(', '));
    return found;
  }

  private unknown(option: FioOption): void {
    this.problems.push({
      path: linePath(option.line, option.name),
      given: option.value ?? 'set',
      allowed:
        'an option that a simulation of zonemode=zbd can honour (docs/simulation.md lists them)',
    });
  }

  private wrong(option: FioOption, allowed: string): void {
    this.problems.push({
      path: linePath(option.line, option.name),
      given: option.value ?? 'nothing',
      allowed,
    });
  }

  private refuse(name: string, allowed: string): void {
    this.refuseValue(name, 'set', allowed);
  }

  private refuseValue(name: string, given: unknown, allowed: string): void {
    const line = this.lines.get(name) ?? this.section.line;
    this.problems.push({ path: linePath(line, name), given: String(given), allowed });
  }
}
