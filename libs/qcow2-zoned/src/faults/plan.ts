/**
 * A fault plan: which commands to a disk, and which accesses to its file, go wrong, and how. Plain data, so that it
 * can be stored, sent and replayed: one seed and one order of commands give the same faults again.
 */
import { type ImageErrorCode, invalidOption } from '../errors.ts';
import { MAX_FAULT_DELAY_MS, MAX_FAULT_RULES } from '../limits.ts';

/** Commands that reach a disk. A write of zeroes is a write. */
export const DISK_OPERATIONS = [
  'read',
  'write',
  'append',
  'flush',
  'reset',
  'open',
  'close',
  'finish',
] as const;
/** Accesses to the file below: what a failing host shows. */
export const FILE_OPERATIONS = ['file-read', 'file-write', 'file-sync'] as const;

export type DiskOperation = (typeof DISK_OPERATIONS)[number];
export type FileOperation = (typeof FILE_OPERATIONS)[number];

/** What a rule may answer with: the refusals that a drive has for a command that it cannot carry out. */
export const DISK_FAULT_CODES = [
  'io_error',
  'no_space',
  'invalid_field',
  'lba_out_of_range',
  'zone_boundary_error',
  'zone_full',
  'zone_read_only',
  'zone_offline',
  'zone_invalid_write',
  'too_many_active_zones',
  'too_many_open_zones',
  'invalid_zone_operation',
  'invalid_zone_transition',
] as const satisfies readonly ImageErrorCode[];
/** EIO and ENOSPC. */
export const FILE_FAULT_CODES = ['io_error', 'no_space'] as const;

export type FaultCode = (typeof DISK_FAULT_CODES)[number];

/**
 * One rule. It counts the operations that it is meant for, decides by its trigger, and then acts. Triggers, of which
 * a rule has one at most: `nth`, `every`, `probability`, `resets`; without any it acts every time. It acts in one
 * way at least: `fail`, `torn`, `delayMs`, `becomes`.
 */
export interface FaultRule {
  readonly on: DiskOperation | FileOperation;
  /** Only operations that touch this zone, or one of these. Not for `flush` and `file-…`. */
  readonly zone?: number;
  readonly zones?: { readonly from: number; readonly count: number };
  /** Only operations that touch these bytes, of the disk, or of the file for `file-read` and `file-write`. */
  readonly range?: { readonly offset: number; readonly length: number };
  /** Acts on the nth operation alone, counted from 1. */
  readonly nth?: number;
  /** Acts on every kth operation. */
  readonly every?: number;
  /** Acts by chance, from above 0 to 1. */
  readonly probability?: number;
  /** With `on: reset`: acts once a zone's reset count has reached this number: wear. */
  readonly resets?: number;
  /** With `resets`: each zone's number lies up to this much above, by the seed. */
  readonly spread?: number;
  /** Acts so often at most. */
  readonly times?: number;
  /** The operation fails with this error and changes nothing. */
  readonly fail?: FaultCode;
  /** Writes and appends: so many 512-byte sectors reach the file, or a number by chance, and the operation fails. */
  readonly torn?: number | 'random';
  /** The operation is answered so much later. It takes effect at once. Not for `file-…`. */
  readonly delayMs?: number;
  /** Afterwards the zone is in this condition. */
  readonly becomes?: 'read-only' | 'offline';
}

export interface FaultPlan {
  /** Of everything that happens by chance. Default 0. */
  readonly seed?: number;
  readonly rules: readonly FaultRule[];
}

/** How far a rule has come. */
export interface FaultProgress {
  /** Operations that the rule is meant for. */
  readonly seen: number;
  /** Those on which it acted. */
  readonly fired: number;
}

/** What a plan has done so far, rule by rule. */
export interface FaultStatus extends FaultProgress {
  readonly rule: FaultRule;
}

/** A plan with what it has done so far: all that is needed to go on with it, once the device is opened again. */
export interface FaultState {
  readonly plan: FaultPlan;
  /** One for each rule of the plan. */
  readonly progress: readonly FaultProgress[];
}

const TRIGGERS = ['nth', 'every', 'probability', 'resets'] as const;
const ACTIONS = ['fail', 'torn', 'delayMs', 'becomes'] as const;
const RULE_FIELDS: readonly string[] = [
  ...['on', 'zone', 'zones', 'range', 'spread', 'times'],
  ...TRIGGERS,
  ...ACTIONS,
];
const MAX = Number.MAX_SAFE_INTEGER;

/** Takes a plan from outside, JSON for one. Throws `invalid_option` naming the field, the value and what is allowed. */
export function parseFaultPlan(value: unknown): FaultPlan {
  const plan = fieldsOf('plan', value, ['seed', 'rules']);
  if (plan.seed !== undefined) requireInteger('seed', plan.seed, 0, 0xffff_ffff);
  const { rules } = plan;
  if (!Array.isArray(rules)) throw invalidOption('rules', shown(rules), 'a list');
  if (rules.length > MAX_FAULT_RULES)
    throw invalidOption('rules', rules.length, `at most ${MAX_FAULT_RULES}`);
  rules.forEach((rule, index) => {
    checkRule(`rules[${index}]`, rule);
  });
  return value as FaultPlan;
}

/** Takes a plan with its progress from outside. Throws as `parseFaultPlan` does. */
export function parseFaultState(value: unknown): FaultState {
  const { plan, progress } = fieldsOf('state', value, ['plan', 'progress']);
  const { rules } = parseFaultPlan(plan);
  if (!Array.isArray(progress) || progress.length !== rules.length)
    throw invalidOption('progress', shown(progress), `a list with an entry for each rule`);
  progress.forEach((entry, index) => {
    const fields = fieldsOf(`progress[${index}]`, entry, ['seen', 'fired']);
    requireInteger(`progress[${index}].seen`, fields.seen, 0, MAX);
    requireInteger(`progress[${index}].fired`, fields.fired, 0, MAX);
  });
  return value as FaultState;
}

function checkRule(path: string, value: unknown): void {
  const rule = fieldsOf(path, value, RULE_FIELDS);
  requireOneOf(`${path}.on`, rule.on, [...DISK_OPERATIONS, ...FILE_OPERATIONS]);
  const on = rule.on as FaultRule['on'];
  checkPlace(path, rule, on);
  checkTrigger(path, rule, on);
  checkAction(path, rule, on);
}

function isFileOperation(on: string): on is FileOperation {
  return FILE_OPERATIONS.some((operation) => operation === on);
}

/** True for operations that name bytes. */
function hasPlace(on: FaultRule['on']): boolean {
  return on !== 'flush' && on !== 'file-sync';
}

function checkPlace(path: string, rule: Record<string, unknown>, on: FaultRule['on']): void {
  const places = ['zone', 'zones', 'range'].filter((field) => rule[field] !== undefined);
  if (places.length > 1) throw invalidOption(`${path}.${places[1]}`, 'given', 'one place a rule');
  const [place] = places;
  if (place === undefined) return;
  const fits = hasPlace(on) && (place === 'range' || !isFileOperation(on));
  if (!fits) throw invalidOption(`${path}.${place}`, 'given', `nothing with ${on}`);
  if (place === 'zone') requireInteger(`${path}.zone`, rule.zone, 0, MAX);
  if (place === 'zones') {
    const zones = fieldsOf(`${path}.zones`, rule.zones, ['from', 'count']);
    requireInteger(`${path}.zones.from`, zones.from, 0, MAX);
    requireInteger(`${path}.zones.count`, zones.count, 1, MAX);
  }
  if (place === 'range') {
    const range = fieldsOf(`${path}.range`, rule.range, ['offset', 'length']);
    requireInteger(`${path}.range.offset`, range.offset, 0, MAX);
    requireInteger(`${path}.range.length`, range.length, 1, MAX);
  }
}

function checkTrigger(path: string, rule: Record<string, unknown>, on: FaultRule['on']): void {
  const triggers = TRIGGERS.filter((field) => rule[field] !== undefined);
  if (triggers.length > 1)
    throw invalidOption(`${path}.${triggers[1]}`, 'given', 'one trigger a rule');
  const [trigger] = triggers;
  if (trigger === 'probability') {
    const given = rule.probability;
    if (typeof given !== 'number' || !(given > 0 && given <= 1))
      throw invalidOption(`${path}.probability`, shown(given), 'a number above 0, up to 1');
  } else if (trigger !== undefined) requireInteger(`${path}.${trigger}`, rule[trigger], 1, MAX);
  if (trigger === 'resets' && on !== 'reset')
    throw invalidOption(`${path}.resets`, 'given', `nothing with ${on}`);
  if (rule.spread !== undefined) {
    if (trigger !== 'resets') throw invalidOption(`${path}.spread`, 'given', 'only with resets');
    requireInteger(`${path}.spread`, rule.spread, 0, 0xffff_ffff);
  }
  if (rule.times !== undefined) requireInteger(`${path}.times`, rule.times, 1, MAX);
}

function checkAction(path: string, rule: Record<string, unknown>, on: FaultRule['on']): void {
  const { fail, torn, delayMs, becomes } = rule;
  if (ACTIONS.every((field) => rule[field] === undefined))
    throw invalidOption(path, 'no action', `one of ${ACTIONS.join(', ')} at least`);
  if (fail !== undefined)
    requireOneOf(`${path}.fail`, fail, isFileOperation(on) ? FILE_FAULT_CODES : DISK_FAULT_CODES);
  if (torn !== undefined) {
    if (on !== 'write' && on !== 'append' && on !== 'file-write')
      throw invalidOption(`${path}.torn`, 'given', `nothing with ${on}`);
    if (torn !== 'random') requireInteger(`${path}.torn`, torn, 0, MAX);
  }
  if (delayMs !== undefined) {
    if (isFileOperation(on)) throw invalidOption(`${path}.delayMs`, 'given', `nothing with ${on}`);
    requireInteger(`${path}.delayMs`, delayMs, 1, MAX_FAULT_DELAY_MS);
  }
  if (becomes === undefined) return;
  if (on === 'flush' || isFileOperation(on))
    throw invalidOption(`${path}.becomes`, 'given', `nothing with ${on}`);
  requireOneOf(`${path}.becomes`, becomes, ['read-only', 'offline']);
}

function fieldsOf(
  path: string,
  value: unknown,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidOption(path, shown(value), `an object with ${known.join(', ')}`);
  for (const field of Object.keys(value))
    if (!known.includes(field)) throw invalidOption(`${path}.${field}`, 'given', known.join(', '));
  return value as Record<string, unknown>;
}

function requireInteger(field: string, given: unknown, min: number, max: number): void {
  if (typeof given === 'number' && Number.isSafeInteger(given) && given >= min && given <= max)
    return;
  throw invalidOption(field, shown(given), `an integer from ${min} to ${max}`);
}

function requireOneOf(field: string, given: unknown, allowed: readonly string[]): void {
  if (typeof given === 'string' && allowed.includes(given)) return;
  throw invalidOption(field, shown(given), allowed.join(', '));
}

/** A value in a message, in bounded space. */
function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 60);
}
