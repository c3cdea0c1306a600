/**
 * Carries out a fault plan: told of each operation before it happens, it answers whether that one is to fail. What
 * else a rule does (a delay, another condition of the zone) is gathered, and taken when the command is through.
 */
import { ImageError, invalidOption } from '../errors.ts';
import type { ZonedGeometry } from '../zones/zone.ts';
import type { FaultPlan, FaultProgress, FaultRule, FaultStatus } from './plan.ts';
import { chance } from './random.ts';

const SECTOR_BYTES = 512;

/** How an operation is to fail. `landed`: bytes of it that reach the file nevertheless. */
export interface Failure {
  readonly error: ImageError;
  readonly landed: number;
}

/** What an operation does beside its result. */
export interface AfterEffects {
  readonly delayMs: number;
  readonly conditions: readonly {
    readonly zoneIndex: number;
    readonly becomes: 'read-only' | 'offline';
  }[];
}

/** Bytes that an operation touches. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

interface RunningRule {
  readonly rule: FaultRule;
  readonly number: number;
  /** Bytes [from, to) that the rule is meant for. */
  readonly from: number;
  readonly to: number;
  seen: number;
  fired: number;
}

export class FaultInjector {
  readonly #rules: readonly RunningRule[];
  readonly #seed: number;
  #delayMs = 0;
  #conditions: AfterEffects['conditions'][number][] = [];

  /**
   * `progress`: how far each rule of the plan has come already. Throws `invalid_option` for zones that the disk does not
   * have, and for progress of another plan.
   */
  constructor(
    readonly plan: FaultPlan,
    private readonly geometry: ZonedGeometry | undefined,
    progress?: readonly FaultProgress[],
  ) {
    if (progress !== undefined && progress.length !== plan.rules.length)
      throw invalidOption('progress', `${progress.length} rules`, `${plan.rules.length} rules`);
    this.#seed = plan.seed ?? 0;
    this.#rules = plan.rules.map((rule, index) => ({
      ...{ rule, number: index },
      ...{ seen: progress?.[index]?.seen ?? 0, fired: progress?.[index]?.fired ?? 0 },
      ...rangeOf(rule, index, geometry),
    }));
  }

  get status(): FaultStatus[] {
    return this.#rules.map(({ rule, seen, fired }) => ({ rule, seen, fired }));
  }

  /** To be told of every operation; `resetCount` of the zone with a reset. Undefined: it is to succeed. */
  meet(on: FaultRule['on'], place?: Place, resetCount = 0): Failure | undefined {
    let failure: Failure | undefined;
    for (const running of this.#rules) {
      const { rule, from, to } = running;
      if (rule.on !== on) continue;
      if (place && !(place.offset < to && place.offset + place.length > from)) continue;
      running.seen++;
      if (running.fired >= (rule.times ?? Number.POSITIVE_INFINITY)) continue;
      if (!this.#triggers(running, place, resetCount)) continue;
      running.fired++;
      this.#delayMs += rule.delayMs ?? 0;
      if (rule.becomes !== undefined && place !== undefined)
        this.#conditions.push({ zoneIndex: this.#zoneAt(place), becomes: rule.becomes });
      if (rule.fail !== undefined || rule.torn !== undefined)
        failure ??= this.#failure(running, place);
    }
    return failure;
  }

  /** What the operations since the last call have left to be done. */
  takeEffects(): AfterEffects {
    const effects = { delayMs: this.#delayMs, conditions: this.#conditions };
    this.#delayMs = 0;
    this.#conditions = [];
    return effects;
  }

  #triggers(running: RunningRule, place: Place | undefined, resetCount: number): boolean {
    const { rule, seen } = running;
    if (rule.nth !== undefined) return seen === rule.nth;
    if (rule.every !== undefined) return seen % rule.every === 0;
    if (rule.probability !== undefined) return this.#draws(running)() < rule.probability;
    if (rule.resets === undefined) return true;
    const zone = place === undefined ? 0 : this.#zoneAt(place);
    const above = chance(this.#seed, running.number, zone)() * ((rule.spread ?? 0) + 1);
    return resetCount >= rule.resets + Math.floor(above);
  }

  /** Of one operation: by its number alone, so that a plan goes on as if it had never been put away. */
  #draws({ number, seen }: RunningRule): () => number {
    return chance(this.#seed, number, seen);
  }

  #zoneAt({ offset }: Place): number {
    return Math.floor(offset / (this.geometry?.zoneSize ?? Number.POSITIVE_INFINITY));
  }

  #failure(running: RunningRule, place: Place | undefined): Failure {
    const { rule, number } = running;
    const at = place ? ` of ${place.length} bytes at ${place.offset}` : '';
    const torn = rule.torn === undefined ? '' : ', torn';
    const error = new ImageError(
      rule.fail ?? 'io_error',
      `injected fault (rule ${number}${torn}): ${rule.on}${at}`,
      { ...place },
    );
    const sectors = Math.floor((place?.length ?? 0) / SECTOR_BYTES);
    const wanted = rule.torn === 'random' ? this.#someOf(running, sectors) : (rule.torn ?? 0);
    return { error, landed: Math.min(wanted, sectors) * SECTOR_BYTES };
  }

  /** Fewer than `count`, by a number that the trigger has not used. */
  #someOf(running: RunningRule, count: number): number {
    const draw = this.#draws(running);
    draw();
    return Math.floor(draw() * count);
  }
}

function rangeOf(
  rule: FaultRule,
  index: number,
  geometry: ZonedGeometry | undefined,
): { from: number; to: number } {
  const field = rule.zone === undefined ? 'zones' : 'zone';
  const zones = rule.zones ?? (rule.zone === undefined ? undefined : { from: rule.zone, count: 1 });
  if ((zones ?? rule.becomes ?? rule.resets) !== undefined && geometry === undefined)
    throw invalidOption(`rules[${index}]`, 'meant for zones', 'ranges only: the disk has no zones');
  if (zones !== undefined && geometry !== undefined) {
    const { zoneCount, zoneSize } = geometry;
    if (zones.from + zones.count > zoneCount)
      throw invalidOption(
        `rules[${index}].${field}`,
        zones.from + zones.count - 1,
        `zones 0 to ${zoneCount - 1}`,
      );
    return { from: zones.from * zoneSize, to: (zones.from + zones.count) * zoneSize };
  }
  const { offset, length } = rule.range ?? { offset: 0, length: Number.POSITIVE_INFINITY };
  return { from: offset, to: offset + length };
}
