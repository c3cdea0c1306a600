/** Definitions of experiments and sweeps from files: the same YAML and JSON that `zonelab sim` runs. */
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { text } from 'node:stream/consumers';
import type { components } from '@zonelab/client';
import { parse } from 'yaml';
import { CliError, describeError, usageError } from '../errors.ts';

type CreateExperiment = components['schemas']['CreateExperiment'];
type CreateSweep = components['schemas']['CreateSweep'];

/** The API judges what is in it. */
export async function readExperiment(file: string): Promise<CreateExperiment> {
  const definition = await readMapping(file);
  if ('sweep' in definition)
    throw usageError(`${file}: sweep`, 'one', 'none: zonelab experiment sweep create takes it');
  return definition as unknown as CreateExperiment;
}

/** A run file with a field `sweep`, or the body of POST /v1/sweeps. */
export async function readSweep(file: string): Promise<CreateSweep> {
  const { sweep, ...rest } = await readMapping(file);
  if (sweep === undefined && 'base' in rest) return rest as unknown as CreateSweep;
  if (typeof sweep !== 'object' || sweep === null)
    throw usageError(`${file}: sweep`, JSON.stringify(sweep) ?? 'nothing', 'a mapping with vary');
  const { priority, timeoutSeconds, ...base } = rest;
  const name = typeof base.name === 'string' ? base.name : nameOf(file);
  return { name, base, ...sweep, priority, timeoutSeconds } as unknown as CreateSweep;
}

function nameOf(file: string): string | undefined {
  return file === '-' ? undefined : basename(file, extname(file));
}

async function readMapping(file: string): Promise<Record<string, unknown>> {
  let content: unknown;
  try {
    const given = file === '-' ? await text(process.stdin) : readFileSync(file, 'utf8');
    content = parse(given, { maxAliasCount: 100 }); // JSON is YAML
  } catch (cause) {
    throw new CliError('failed', `${file}: ${describeError(cause)}`, { cause });
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content))
    return content as Record<string, unknown>;
  throw usageError(file, content === null ? 'nothing' : typeof content, 'a JSON or YAML mapping');
}
