/** From a run file to the experiments in it: read, checked, and ready to run. */
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { type ExperimentDefinition, experimentDefinitionSchema } from '@zonelab/contracts';
import {
  DEVICE_PRESETS,
  expandSweep,
  type SweepDefinition,
  validate,
  WorkloadError,
} from '@zonelab/zone-workload';
import { parse, YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { CliError, describeError, usageError } from '../errors.ts';

export interface Run {
  /** What tells the run from the others of its sweep; empty where it is alone. */
  readonly label: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly definition: ExperimentDefinition;
}

export interface RunFile {
  readonly name: string;
  readonly runs: readonly Run[];
  readonly isSweep: boolean;
}

export interface LoadOptions {
  readonly seed?: number;
  readonly preset: string;
  /** Instead of the device's own. */
  readonly geometry?: object;
}

/** Throws a usage error that says what is wrong with which field. */
export async function loadRunFile(path: string, options: LoadOptions): Promise<RunFile> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new CliError('failed', describeError(error), { cause: error });
  });
  const content = extname(path) === '.fio' ? fioRun(text, options) : parseText(path, text);
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new CliError('usage', `${path}: a run file holds a mapping with device and workload`);
  }
  const { sweep, ...base } = content as { sweep?: SweepDefinition; name?: unknown };
  const name = typeof base.name === 'string' ? base.name : basename(path, extname(path));
  if (sweep === undefined) {
    return {
      name,
      isSweep: false,
      runs: [{ label: '', values: {}, definition: check(path, base, options) }],
    };
  }
  try {
    const runs = expandSweep(base, sweep).map(({ label, values, definition }) => ({
      label,
      values,
      definition: check(`${path} (${label})`, definition, options),
    }));
    return { name, isSweep: true, runs };
  } catch (error) {
    if (error instanceof WorkloadError) throw new CliError('usage', `${path}: ${error.message}`);
    throw error;
  }
}

function fioRun(fio: string, { preset }: LoadOptions): object {
  if (!DEVICE_PRESETS.some((name) => name === preset && name !== 'custom')) {
    const allowed = DEVICE_PRESETS.filter((name) => name !== 'custom').join(', ');
    throw usageError('--preset', preset, allowed);
  }
  return { device: { preset }, workload: { fio } };
}

function parseText(path: string, text: string): unknown {
  try {
    // JSON is YAML
    return parse(text, { maxAliasCount: 100 });
  } catch (error) {
    if (error instanceof YAMLParseError || error instanceof ReferenceError) {
      throw new CliError('usage', `${path}: ${describeError(error).replace(/:? +\^.*$/, '')}`);
    }
    throw error;
  }
}

/** The definition with its sizes in bytes and the seed of the command line, if it can run. */
function check(where: string, given: object, options: LoadOptions): ExperimentDefinition {
  const { seed, geometry } = options;
  const { device } = given as { device?: object };
  const seeded = {
    ...given,
    ...(seed !== undefined && { seed }),
    ...(geometry && { device: { ...device, geometry } }),
  };
  const parsed = experimentDefinitionSchema.safeParse(seeded);
  if (!parsed.success) throw new CliError('usage', `${where}: ${issueText(parsed.error, seeded)}`);
  const problems = validate(parsed.data).map(
    (problem) => `${problem.path}: got ${problem.given}, allowed is ${problem.allowed}`,
  );
  if (problems.length > 0) throw new CliError('usage', `${where}: ${problems.join('; ')}`);
  return parsed.data;
}

function issueText(error: z.ZodError, given: unknown): string {
  const texts = error.issues.map(({ path, message }) => {
    const where = path.reduce<string>(
      (all, key) =>
        typeof key === 'number' ? `${all}[${key}]` : `${all}${all && '.'}${String(key)}`,
      '',
    );
    const value = path.reduce<unknown>(
      (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
      given,
    );
    const shown = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80);
    return `${where || 'the file'}: got ${shown}: ${message}`;
  });
  return [...new Set(texts)].join('; ');
}
