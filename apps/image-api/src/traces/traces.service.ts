/**
 * Traces: taken in as streams, kept in a pool as they came, played by experiments under their names. A file comes
 * before its row and goes after it; what a process that was killed left is removed by the next look at the pool.
 */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import type {
  ExperimentDefinition,
  ListTraces,
  Page,
  Trace,
  UploadTrace,
} from '@zonelab/contracts';
import { type Pool, traceFolder } from '@zonelab/platform';
import { checkTraceStart, type DefinitionProblem, WorkloadError } from '@zonelab/zone-workload';
import { asRefusal, stagedName, syncFolder, tooLarge, watched } from '../content/import.service.ts';
import { isUpload, type Upload } from '../content/upload.ts';
import { ProblemError } from '../http/problem.ts';
import { invalidRequest } from '../http/validation.pipe.ts';
import { LEFTOVER_AFTER_MS, MAX_IMPORT_BYTES } from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';

type Facts = Pick<Trace, 'size' | 'sha256'>;

@Injectable()
export class TracesService {
  constructor(
    private readonly catalog: Catalog,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {}

  /** Errors: `name_taken`; `invalid_trace` where its first requests are not of its format. */
  async upload(
    { name, format }: UploadTrace,
    body: unknown,
    encoding = 'identity',
  ): Promise<Trace> {
    if (!isUpload(body)) refuse('', null, 'a body of application/octet-stream');
    if (encoding !== 'identity')
      refuse('Content-Encoding', encoding, 'none: a file that is gzip itself is taken as it is');
    await this.refuseTaken(name);
    const [pool] = this.options.pools;
    const staged = join(pool.path, stagedName());
    try {
      const facts = await receive(watched(body), staged);
      await refuseOtherFormats(staged, { name, format });
      const file = `${facts.sha256.slice(0, 16)}-${stagedName().slice(8, 20)}`;
      await publish(staged, join(traceFolder([pool], pool.name), file));
      return await this.catalog.traces.create({ name, format, ...facts, pool: pool.name, file });
    } finally {
      await rm(staged, { force: true });
    }
  }

  list(query: ListTraces): Promise<Page<Trace>> {
    return this.catalog.traces.list(query);
  }

  get(id: string): Promise<Trace> {
    return this.catalog.traces.get(id);
  }

  /** Errors: `not_found`; `state_conflict` while an experiment that has not ended plays it. */
  async delete(id: string): Promise<void> {
    const { pool, file } = await this.catalog.traces.remove(id);
    const reachable = this.options.pools.some(({ name }) => name === pool);
    if (reachable) await rm(join(traceFolder(this.options.pools, pool), file), { force: true });
  }

  /**
   * The definitions with the hashes of the traces that they play, so that each says all of its input. Refuses names that
   * there are not.
   */
  async pin(
    definitions: readonly ExperimentDefinition[],
    prefix = '',
  ): Promise<ExperimentDefinition[]> {
    const names = new Set(definitions.flatMap(tracesOf));
    if (names.size === 0) return [...definitions];
    const kept = await this.catalog.traces.named([...names]);
    const byName = new Map(kept.map((trace) => [trace.name, trace]));
    return definitions.map((definition) => pinned(definition, byName, prefix));
  }

  /** Removes files of traces whose row is gone, or never came. */
  async removeLeftovers({ name, path }: Pool, now: Date): Promise<void> {
    const folder = traceFolder([{ name, path }], name);
    const files = await readdir(folder).catch(() => []);
    if (files.length === 0) return;
    const wanted = await this.catalog.traces.filesIn(name);
    for (const file of files.filter((one) => !wanted.has(one))) {
      const age = now.getTime() - (await stat(join(folder, file))).mtimeMs;
      if (age >= LEFTOVER_AFTER_MS) await rm(join(folder, file), { force: true });
    }
  }

  /** Before the body is read: an upload can take an hour. */
  private async refuseTaken(name: string): Promise<void> {
    const [taken] = await this.catalog.traces.named([name]);
    if (!taken) return;
    const detail = `name: got ${name}, allowed is one that no other trace has`;
    throw new ProblemError({ status: 409, code: 'name_taken', detail });
  }
}

function tracesOf({ workload }: ExperimentDefinition): string[] {
  return (workload.phases ?? []).flatMap((phase) => (phase.kind === 'trace' ? [phase.trace] : []));
}

function pinned(
  definition: ExperimentDefinition,
  kept: ReadonlyMap<string, Trace>,
  prefix: string,
): ExperimentDefinition {
  const { phases } = definition.workload;
  const problems: DefinitionProblem[] = [];
  const add = (path: string, given: string, allowed: string) =>
    problems.push({ path, given, allowed });
  const found = phases?.map((phase, index) => {
    if (phase.kind !== 'trace') return phase;
    const path = `${prefix}workload.phases.${index}`;
    const trace = kept.get(phase.trace);
    if (!trace) {
      add(`${path}.trace`, phase.trace, 'the name of a trace that GET /v1/traces lists');
      return phase;
    }
    if (trace.format !== phase.format) add(`${path}.format`, phase.format, trace.format);
    if (phase.sha256 !== undefined && phase.sha256 !== trace.sha256)
      add(`${path}.sha256`, phase.sha256, `${trace.sha256}, as the trace ${trace.name} has`);
    return { ...phase, sha256: trace.sha256 };
  });
  if (problems.length > 0) throw invalidRequest(problems.map((problem) => ({ ...problem })));
  return { ...definition, workload: { ...definition.workload, ...(found && { phases: found }) } };
}

async function receive(body: Upload, path: string): Promise<Facts> {
  const file = await open(path, 'wx', 0o640);
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      size += chunk.length;
      if (size > MAX_IMPORT_BYTES) throw tooLarge();
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    await file.datasync();
  } catch (cause) {
    throw asRefusal(cause);
  } finally {
    await file.close();
  }
  return { size, sha256: hash.digest('hex') };
}

async function refuseOtherFormats(path: string, { name, format }: UploadTrace): Promise<void> {
  const file = createReadStream(path);
  try {
    await checkTraceStart(name, format, file);
  } catch (cause) {
    if (!(cause instanceof WorkloadError)) throw cause;
    throw new ProblemError({ status: 422, code: cause.code, detail: cause.message }, { cause });
  } finally {
    file.destroy();
  }
}

async function publish(staged: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  await rename(staged, path);
  await syncFolder(dirname(path));
}

function refuse(path: string, given: string | null, allowed: string): never {
  throw invalidRequest([{ path, given, allowed }]);
}
