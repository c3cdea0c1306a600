/** The part of JSON Schema that the API describes presets and workloads with, and forms over it. */

import { parseSize } from '@zonelab/contracts';
import { formatBytes, formatNs } from '../../format/units.ts';

export interface Schema {
  readonly type?: string;
  readonly const?: string;
  readonly enum?: readonly (string | number)[];
  readonly description?: string;
  readonly unit?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly Schema[];
}

/** What was typed, by the path of the field: `geometry.size`. Fields with nothing typed are left out of the value. */
export type Typed = Readonly<Record<string, string>>;

export interface Field {
  readonly path: string;
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/** The fields of an object, those with one possible value left out. */
export function fieldsOf(schema: Schema, path = ''): Field[] {
  return Object.entries(schema.properties ?? {})
    .filter(([, field]) => field.const === undefined && field.enum?.length !== 1)
    .map(([name, field]) => ({
      name,
      path: path === '' ? name : `${path}.${name}`,
      schema: field,
      required: schema.required?.includes(name) ?? false,
    }));
}

export const isGroup = ({ schema }: Field) => schema.properties !== undefined;

/** The alternatives of a field that is one of several objects, by their `kind`. */
export function kindsOf({ oneOf }: Schema): Readonly<Record<string, Schema>> {
  return Object.fromEntries(
    (oneOf ?? []).map((one) => [one.properties?.kind?.const ?? '', one] as const),
  );
}

/** The value that was typed, without what was left empty. */
export function typedValue(schema: Schema, typed: Typed, path = ''): Record<string, unknown> {
  const entries = fieldsOf(schema, path).map((field): [string, unknown] => {
    if (isGroup(field)) {
      const inner = typedValue(field.schema, typed, field.path);
      return [field.name, Object.keys(inner).length > 0 ? inner : undefined];
    }
    if (field.schema.oneOf) return [field.name, alternativeOf(field, typed)];
    return [field.name, parseField(field.schema, typed[field.path] ?? '')];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function alternativeOf({ schema, path }: Field, typed: Typed): unknown {
  const kind = typed[`${path}.kind`];
  const chosen = kind ? kindsOf(schema)[kind] : undefined;
  return chosen && { kind, ...typedValue(chosen, typed, path) };
}

/** Undefined for nothing; text that is no value is given as it is, for the API to refuse. */
function parseField({ type, unit, enum: choices }: Schema, text: string): unknown {
  const given = text.trim();
  if (given === '') return undefined;
  if (type === 'boolean') return given === 'true';
  if (choices) return choices.find((choice) => String(choice) === given) ?? given;
  if (type !== 'integer' && type !== 'number') return given;
  if (isBytes(unit)) return parseSize(given) ?? given;
  return Number.isNaN(Number(given)) ? given : Number(given);
}

/** Why what was typed cannot be, or undefined. */
export function errorOf({ schema }: Field, text: string): string | undefined {
  const value = parseField(schema, text);
  if (value === undefined || schema.enum || schema.type === 'boolean') return undefined;
  if (schema.type !== 'integer' && schema.type !== 'number') return undefined;
  if (typeof value !== 'number')
    return isBytes(schema.unit) ? 'A size, as 4096 or 64K.' : 'A number.';
  if (schema.type === 'integer' && !Number.isInteger(value)) return 'A whole number.';
  const { minimum = -Infinity, maximum = Infinity } = schema;
  const { exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = schema;
  if (value < minimum) return `At least ${shown(schema, minimum)}.`;
  if (value > maximum) return `At most ${shown(schema, maximum)}.`;
  if (value <= exclusiveMinimum) return `Above ${shown(schema, exclusiveMinimum)}.`;
  if (value >= exclusiveMaximum) return `Below ${shown(schema, exclusiveMaximum)}.`;
  return undefined;
}

/** What the field is if left empty. */
export function defaultText({ default: value, ...schema }: Schema): string {
  if (value === undefined || typeof value === 'object') return '';
  return typeof value === 'number' ? shown(schema, value) : String(value);
}

function shown({ unit }: Schema, value: number): string {
  if (isBytes(unit) && value >= 1024)
    return unit === 'bytes' ? formatBytes(value) : `${formatBytes(value)}/s`;
  if (unit === 'ns' && value >= 1000) return formatNs(value);
  return String(value);
}

const isBytes = (unit: string | undefined) => unit === 'bytes' || unit === 'bytes/s';
