import { describe, expect, it } from '@jest/globals';
import { experimentDefinitionSchema } from '@zonelab/contracts';
import { type DevicePreset, type PhaseKind, resolveExperiment } from '@zonelab/zone-workload';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { presets, workloads } from './choices.ts';

interface Field {
  readonly type?: string;
  readonly unit?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly properties?: Readonly<Record<string, Field>>;
}

const choices = [
  ...presets().map(({ name, parameters }) => ({ name, parameters: parameters as Field })),
  ...workloads().map(({ kind, parameters }) => ({ name: kind, parameters: parameters as Field })),
];
const parametersOf = (name: string) => choices.find((choice) => choice.name === name)?.parameters;

/** Every field that is no object of others, by its path. */
function leaves(schema: Field, path: string): [string, Field][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]): [string, Field][] =>
    field.properties ? leaves(field, `${path}.${name}`) : [[`${path}.${name}`, field]],
  );
}

/** A value for every field that has a default. */
function defaultsOf(schema: Field): Record<string, unknown> {
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => [
    name,
    field.properties ? defaultsOf(field) : field.default,
  ]);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

describe('presets and workloads', () => {
  it.each(choices)('describe every field of $name, with unit and range', ({ name, parameters }) => {
    new Ajv2020({ keywords: ['unit'] }).compile(parameters);
    for (const [path, field] of leaves(parameters, name)) {
      if (/\.(preset|kind)$/.test(path)) continue;
      expect([path, typeof field.description]).toEqual([path, 'string']);
      if (!['integer', 'number'].includes(field.type ?? '') || 'enum' in field) continue;
      const low = field.minimum ?? field.exclusiveMinimum;
      const high = field.maximum ?? field.exclusiveMaximum;
      expect([path, typeof low, typeof high]).toEqual([path, 'number', 'number']);
      if (/(Ns|Bytes|Rate|[sS]ize|seconds)$/.test(path)) {
        expect([path, field.unit]).toEqual([path, expect.any(String)]);
      }
    }
  });

  it.each(['zn540', 'femu-default', 'hm-smr', 'ideal'] as const)(
    'give the defaults that %s runs with',
    (preset: DevicePreset) => {
      const schema = parametersOf(preset) as Field;
      const { timing, ...rest } = defaultsOf(schema) as never as {
        timing: Record<string, unknown>;
      };
      const { model } = timing;
      const used = model === 'constant' ? 'serviceTimeNs' : (model as string);
      const device = { ...rest, timing: { model, [used]: timing[used] } };
      expect(new Ajv2020({ keywords: ['unit'] }).validate(schema, device)).toBe(true);
      const workload = { phases: [{ kind: 'seq-read', operations: 1 }] };
      const [given, plain] = [device, { preset }].map(
        (one) =>
          resolveExperiment(experimentDefinitionSchema.parse({ device: one, workload }) as never)
            .device,
      );
      expect(given).toEqual(plain);
    },
  );

  it.each(workloads().map(({ kind }) => kind as PhaseKind))(
    'give the defaults that %s runs with',
    (kind) => {
      const needed = {
        ...(kind === 'idle' ? { seconds: 1 } : { operations: 1 }),
        ...(kind === 'mixed' && { readShare: 0.5 }),
        ...(kind === 'trace' && { format: 'msr', trace: 'x' }),
      };
      const schema = parametersOf(kind) as Field;
      const whole = { kind, ...defaultsOf(schema), ...needed };
      expect(new Ajv2020({ keywords: ['unit'] }).validate(schema, whole)).toBe(true);
      const [given, plain] = [whole, { kind, ...needed }].map((phase) => {
        const geometry = { profile: 'zbc', size: '8G', zoneSize: '64M', conventionalZones: 4 };
        const device = { preset: 'custom', geometry: { ...geometry, maxAppendBytes: '1M' } };
        const workload = { phases: [{ kind: 'fill', zones: { first: 4 } }, phase] };
        return resolveExperiment(experimentDefinitionSchema.parse({ device, workload }) as never)
          .workload;
      });
      expect(given).toEqual(plain);
    },
  );

  it('say what a phase takes and what it does not', () => {
    const ajv = new Ajv2020({ keywords: ['unit'] });
    const schema = parametersOf('seq-write') as Field;
    expect(ajv.validate(schema, { kind: 'seq-write', queueDepth: 65_536 })).toBe(true);
    expect(ajv.validate(schema, { kind: 'seq-write', queueDepth: 65_537 })).toBe(false);
    expect(ajv.validate(schema, { kind: 'fill' })).toBe(false);
    expect(ajv.validate(schema, { kind: 'seq-write', depth: 1 })).toBe(false);
  });
});
