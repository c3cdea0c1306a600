/** Where the traces of an experiment are kept. */
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import type { ExperimentDefinition } from '@zonelab/contracts';
import { type Pool, traceFolder } from '@zonelab/platform';
import { WorkloadError } from '@zonelab/zone-workload';
import { POOLS } from '../tokens.ts';

@Injectable()
export class TraceFiles {
  constructor(
    private readonly catalog: Catalog,
    @Inject(POOLS) private readonly pools: readonly Pool[],
  ) {}

  /** By name. Throws `invalid_trace` where one is gone, or is not what it was when the experiment was made. */
  async filesOf({ workload }: ExperimentDefinition): Promise<Record<string, string>> {
    const played = (workload.phases ?? []).filter((phase) => phase.kind === 'trace');
    if (played.length === 0) return {};
    const kept = await this.catalog.traces.named(played.map(({ trace }) => trace));
    const files: Record<string, string> = {};
    for (const { trace: name, sha256 } of played) {
      const found = kept.find((one) => one.name === name);
      if (!found) throw new WorkloadError('invalid_trace', `trace ${name}: there is none any more`);
      if (sha256 !== undefined && sha256 !== found.sha256) {
        const message = `trace ${name}: its SHA-256 is ${found.sha256}, the experiment has ${sha256}`;
        throw new WorkloadError('invalid_trace', message);
      }
      files[name] = join(traceFolder(this.pools, found.pool), found.file);
    }
    return files;
  }
}
