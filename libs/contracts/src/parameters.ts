/**
 * JSON Schema (draft 2020-12) of what presets and workloads take, for those who draw forms or check definitions
 * before they send them. Numbers have a `unit`, fields their defaults. Sizes are whole bytes here, as in definitions
 * that the API answers; it takes strings such as "64K" as well.
 */

import { z } from 'zod';
import { quantities } from './quantities.ts';

export const parametersField = z
  .record(z.string(), z.unknown())
  .describe('JSON Schema, draft 2020-12; numbers have their unit in the keyword `unit`');

type Json = Record<string, unknown>;

/** @param defaults values of fields that are left out; objects name those of the fields in them. */
export function parameterSchema(schema: z.ZodType, defaults: object): Json {
  const json = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => describeQuantity(zodSchema, jsonSchema as Json),
  }) as Json;
  delete json.id;
  addDefaults(json, defaults);
  return json;
}

function describeQuantity(schema: z.core.$ZodType, json: Json): void {
  delete json.examples;
  const quantity = quantities.get(schema as z.ZodType);
  if (!quantity) return;
  const { unit, minimum, maximum } = quantity;
  if (minimum !== undefined) {
    delete json.anyOf;
    Object.assign(json, { type: 'integer', minimum, maximum });
  }
  json.unit = unit;
}

function addDefaults(json: Json, defaults: object): void {
  const properties = (json.properties ?? {}) as Record<string, Json>;
  for (const [name, value] of Object.entries(defaults)) {
    const property = properties[name];
    if (!property || value === undefined) continue;
    if (property.properties) addDefaults(property, value as object);
    else property.default = value;
  }
}
