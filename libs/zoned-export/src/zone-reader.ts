/** The other side of `zone-contexts.ts`: zones of a remote disk, read through an NBD client. */

import { type NbdClient, NbdError, type NbdExtent } from '@zonelab/nbd';
import { CONDITION_NAMES, type Zone, ZoneState } from '@zonelab/qcow2-zoned';
import {
  RESETS_CONTEXT,
  WRITE_POINTER_CONTEXT,
  ZONE_CONTEXTS,
  ZONES_CONTEXT,
  ZoneStatus,
} from './zone-contexts.ts';

/** Largest request without extended headers that is a multiple of every block size. */
const COMPACT_STATUS_BYTES = 2 ** 32 - 2 ** 16;

interface Run {
  readonly start: number;
  readonly end: number;
  readonly status: number;
}

type Runs = Map<string, Run[]>;

export class ZoneReader {
  private constructor(
    private readonly client: NbdClient,
    /** Bytes of a zone; the last one may be shorter. */
    readonly zoneSize: number,
  ) {}

  /**
   * @param client connected with `ZONE_CONTEXTS`
   * @throws NbdError ENOTSUP where the export has no zones, or its server does not tell of them
   */
  static async open(client: NbdClient): Promise<ZoneReader> {
    if (!client.contexts.includes(ZONES_CONTEXT)) {
      throw new NbdError('ENOTSUP', `the export has no metadata context ${ZONES_CONTEXT}`);
    }
    const { size } = client.info;
    for (let asked = 0; asked < size; ) {
      const runs = (await statusOf(client, asked)).get(ZONES_CONTEXT) ?? [];
      const next = runs.find(({ status }) => (status & ZoneStatus.OddIndex) !== 0);
      if (next !== undefined) return new ZoneReader(client, next.start);
      asked = endOf(runs);
    }
    return new ZoneReader(client, size);
  }

  get zoneCount(): number {
    return Math.ceil(this.client.info.size / this.zoneSize);
  }

  /** Zones in order, from index `from` to the last. Each batch is as it was when it was asked for. */
  async *zones(from: number): AsyncGenerator<Zone> {
    for (let index = from; index < this.zoneCount; ) {
      const runs = await this.read(index);
      const covered = coveredBy(runs);
      const cursors = new Map([...runs].map(([context, list]) => [context, new Cursor(list)]));
      for (; index < this.zoneCount && this.spanOf(index).end <= covered; index += 1) {
        yield this.zone(index, cursors);
      }
    }
  }

  private spanOf(index: number): { start: number; end: number } {
    const start = index * this.zoneSize;
    return { start, end: Math.min(start + this.zoneSize, this.client.info.size) };
  }

  /** Status from a zone's start on: that zone wholly, and whatever comes along. */
  private async read(index: number): Promise<Runs> {
    const { start, end } = this.spanOf(index);
    const runs = await statusOf(this.client, start);
    for (let covered = coveredBy(runs); covered < end; covered = coveredBy(runs)) {
      for (const [context, more] of await statusOf(this.client, covered)) {
        const known = (runs.get(context) ?? []).filter((run) => run.start < covered);
        const clipped = known.map((run) => ({ ...run, end: Math.min(run.end, covered) }));
        runs.set(context, [...clipped, ...more]);
      }
    }
    return runs;
  }

  private zone(index: number, cursors: ReadonlyMap<string, Cursor>): Zone {
    const { start, end } = this.spanOf(index);
    const parts = cursors.get(ZONES_CONTEXT)?.within(start, end) ?? [];
    const status = parts[0]?.status ?? 0;
    const condition = CONDITION_NAMES[(status & ZoneStatus.ConditionMask) as ZoneState];
    const sequential = (status & ZoneStatus.TypeMask) === ZoneStatus.Sequential;
    const past = parts.find((part) => (part.status & ZoneStatus.PastCapacity) !== 0);
    const written = parts.filter((part) => (part.status & ZoneStatus.Written) !== 0);
    const full = condition === CONDITION_NAMES[ZoneState.Full];
    // without extended headers there is no other word on it; a full zone reports its end
    const split = full ? end : (written.at(-1)?.end ?? start);
    return {
      index,
      type: sequential ? 'sequential' : 'conventional',
      condition,
      start,
      size: end - start,
      capacity: (past?.start ?? end) - start,
      writePointer: cursors.get(WRITE_POINTER_CONTEXT)?.within(start, end)[0]?.status ?? split,
      resetCount: cursors.get(RESETS_CONTEXT)?.within(start, end)[0]?.status ?? 0,
    };
  }
}

/** Runs in order, asked for places in order. */
class Cursor {
  private at = 0;

  constructor(private readonly runs: readonly Run[]) {}

  within(start: number, end: number): Run[] {
    while ((this.runs[this.at]?.end ?? end) <= start) this.at += 1;
    const found: Run[] = [];
    for (let i = this.at; (this.runs[i]?.start ?? end) < end; i += 1) {
      found.push(this.runs[i] as Run);
    }
    return found;
  }
}

/** How far the answers of all contexts reach. */
function coveredBy(runs: Runs): number {
  return Math.min(...[...runs.values()].map(endOf));
}

/** One BLOCK_STATUS from `offset` on, as far as one goes, with absolute places. */
async function statusOf(client: NbdClient, offset: number): Promise<Runs> {
  const left = client.info.size - offset;
  const length = client.style === 'extended' ? left : Math.min(left, COMPACT_STATUS_BYTES);
  const runs: Runs = new Map();
  const answer = await client.blockStatus(offset, length);
  for (const context of ZONE_CONTEXTS) {
    const extents = answer.get(context);
    if (extents !== undefined) runs.set(context, placed(extents, offset));
  }
  return runs;
}

function placed(extents: readonly NbdExtent[], offset: number): Run[] {
  let end = offset;
  return extents.map(({ length, status }) => {
    const start = end;
    end += length;
    return { start, end, status };
  });
}

function endOf(runs: readonly Run[]): number {
  return runs.at(-1)?.end ?? 0;
}
