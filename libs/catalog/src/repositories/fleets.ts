/** Fleets in the catalog: what is wanted of them, and how far their disks are. */

import type { CreateFleet, Fleet, ListFleets, Page } from '@zonelab/contracts';
import { CatalogError, notFound, refusingTakenName } from '../errors.ts';
import { type Fleet as FleetRow, Prisma, type PrismaClient } from '../generated/client.ts';
import { pageArguments, toPage } from '../page.ts';

/** A change that is to be carried out: the disks that are not as wanted. */
export interface FleetChange {
  readonly fleetId: string;
  readonly generation: number;
  readonly disks: readonly number[];
}

interface Counts {
  total: number;
  settled: number;
  failed: number;
}

type Transaction = Prisma.TransactionClient;

/** Of a disk `d` and its export `e`: whether it is as wanted. One that is not wanted is so once its row is gone. */
const SETTLED = Prisma.sql`(d.desired = 'exported' AND d.image_id IS NOT NULL AND d.made_generation = d.generation
  AND COALESCE(e.status = 'active', FALSE))`;

export class FleetsRepository {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** The fleet and a row for each disk. Errors: `name_taken`. */
  async create(wanted: CreateFleet): Promise<Fleet> {
    const { name, count, template, overrides, export: exported, placement, labels } = wanted;
    const create = this.prisma.fleet.create({
      data: {
        name,
        count,
        template,
        overrides,
        export: exported,
        placement,
        labels,
        changeDisks: count,
        disks: { createMany: { data: numbers(0, count).map((number) => ({ number })) } },
      },
    });
    return this.withCounts(await refusingTakenName('fleet', name, create));
  }

  /** Errors: `not_found`. */
  async get(id: string): Promise<Fleet> {
    const row = await this.prisma.fleet.findUnique({ where: { id } });
    if (!row) throw notFound('fleet', id);
    return this.withCounts(row);
  }

  async list({ name, ...page }: ListFleets): Promise<Page<Fleet>> {
    const { where, ...rest } = pageArguments(page);
    const filters = { ...where, ...(name !== undefined && { name }) };
    const rows = await this.prisma.fleet.findMany({ ...rest, where: filters });
    const counts = await this.counts(rows.map(({ id }) => id));
    return toPage(rows, page.limit, (row) => toFleet(row, counts.get(row.id), this.now()));
  }

  /** Disks up to `count` are wanted, and no others. Errors: `not_found`, `state_conflict` where it is being deleted. */
  async resize(id: string, count: number): Promise<Fleet> {
    return this.change(id, async (database) => {
      await database.fleetDisk.updateMany({
        where: { fleetId: id, number: { gte: count } },
        data: { desired: 'absent' },
      });
      // what was on its way out comes back as a new disk
      await database.fleetDisk.updateMany({
        where: { fleetId: id, number: { lt: count }, desired: 'absent' },
        data: { desired: 'exported', generation: { increment: 1 } },
      });
      const data = numbers(0, count).map((number) => ({ fleetId: id, number }));
      await database.fleetDisk.createMany({ data, skipDuplicates: true });
      return { count };
    });
  }

  /** A new disk is wanted in place of one. Errors: `not_found`, `state_conflict` where the fleet is being deleted. */
  async replace(id: string, number: number): Promise<Fleet> {
    return this.change(id, async (database) => {
      const { count } = await database.fleetDisk.updateMany({
        where: { fleetId: id, number, desired: 'exported' },
        data: { generation: { increment: 1 }, attempts: 0, reason: null },
      });
      if (count === 0) throw notFound('disk', `${number} of fleet ${id}`);
      return {};
    });
  }

  /** No disk is wanted any more, nor the fleet. Errors: `not_found`. */
  async beginDelete(id: string): Promise<Fleet> {
    return this.change(
      id,
      async (database) => {
        await database.fleetDisk.updateMany({
          where: { fleetId: id },
          data: { desired: 'absent' },
        });
        return { status: 'deleting', count: 0 };
      },
      true,
    );
  }

  /** What is to be done for a fleet; undefined where it is gone. */
  async changeOf(id: string): Promise<FleetChange | undefined> {
    return (await this.changes(Prisma.sql`f.id = ${id}::uuid`))[0];
  }

  /** Every fleet whose change has not ended, or whose disks are no longer as they were left. */
  async unsettled(): Promise<FleetChange[]> {
    return this.changes(Prisma.sql`f.status <> 'ready' OR EXISTS (
      SELECT 1 FROM fleet_disks x LEFT JOIN exports y ON y.id = x.export_id
      WHERE x.fleet_id = f.id AND (x.image_id IS NULL OR y.id IS NULL OR y.status = 'failed'))`);
  }

  /**
   * Writes down what came of a change. One that was followed by another says nothing. A fleet that is being deleted goes
   * with its last disk.
   */
  async settle(id: string, generation: number): Promise<void> {
    await this.prisma.$transaction(async (database) => {
      const row = await lockFleet(database, id);
      if (row?.generation !== generation) return;
      const { total = 0, settled = 0 } = (await this.counts([id], database)).get(id) ?? {};
      if (row.status === 'deleting') {
        if (total === 0) await database.fleet.delete({ where: { id } });
        return;
      }
      const status = settled === total ? 'ready' : 'degraded';
      await database.fleet.update({ where: { id }, data: { status } });
    });
  }

  private async change(
    id: string,
    act: (database: Transaction) => Promise<{ count?: number; status?: 'deleting' }>,
    evenDeleting = false,
  ): Promise<Fleet> {
    const row = await this.prisma.$transaction(async (database) => {
      const fleet = await lockFleet(database, id);
      if (!fleet) throw notFound('fleet', id);
      if (fleet.status === 'deleting' && !evenDeleting) throw beingDeleted(id);
      const data = await act(database);
      const { total = 0, settled = 0 } = (await this.counts([id], database)).get(id) ?? {};
      return database.fleet.update({
        where: { id },
        data: {
          status: 'changing',
          ...data,
          generation: { increment: 1 },
          changedAt: this.now(),
          changeDisks: total - settled,
        },
      });
    });
    return this.withCounts(row);
  }

  private async changes(which: Prisma.Sql): Promise<FleetChange[]> {
    const rows = await this.prisma.$queryRaw<FleetChange[]>`
      SELECT f.id AS "fleetId", f.generation, ARRAY(
        SELECT d.number FROM fleet_disks d LEFT JOIN exports e ON e.id = d.export_id
        WHERE d.fleet_id = f.id AND NOT ${SETTLED} ORDER BY d.number) AS disks
      FROM fleets f WHERE ${which} ORDER BY f.id`;
    return rows;
  }

  private async counts(
    ids: readonly string[],
    database: Pick<PrismaClient, '$queryRaw'> = this.prisma,
  ): Promise<ReadonlyMap<string, Counts>> {
    if (ids.length === 0) return new Map();
    const rows = await database.$queryRaw<({ id: string } & Counts)[]>`
      SELECT d.fleet_id AS id, count(*)::int AS total, count(*) FILTER (WHERE ${SETTLED})::int AS settled,
        count(*) FILTER (WHERE NOT ${SETTLED} AND d.reason IS NOT NULL)::int AS failed
      FROM fleet_disks d LEFT JOIN exports e ON e.id = d.export_id
      WHERE d.fleet_id = ANY(${ids}::uuid[]) GROUP BY d.fleet_id`;
    return new Map(rows.map(({ id, ...counts }) => [id, counts]));
  }

  private async withCounts(row: FleetRow): Promise<Fleet> {
    return toFleet(row, (await this.counts([row.id])).get(row.id), this.now());
  }
}

async function lockFleet(database: Transaction, id: string): Promise<FleetRow | null> {
  await database.$queryRaw`SELECT 1 FROM fleets WHERE id = ${id}::uuid FOR UPDATE`;
  return database.fleet.findUnique({ where: { id } });
}

function beingDeleted(id: string): CatalogError {
  const message = `fleet ${id}: it is being deleted, a change needs one that stays`;
  return new CatalogError('state_conflict', message, { resource: 'fleet', id, state: 'deleting' });
}

function toFleet(row: FleetRow, counts: Counts | undefined, now: Date): Fleet {
  const { total, settled, failed } = counts ?? { total: 0, settled: 0, failed: 0 };
  const open = total - settled;
  const done = Math.max(0, row.changeDisks - open);
  const elapsedSeconds = (now.getTime() - row.changedAt.getTime()) / 1000;
  const going = row.status === 'changing' || row.status === 'deleting';
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    count: row.count,
    template: row.template as Fleet['template'],
    overrides: row.overrides as Fleet['overrides'],
    export: row.export as Fleet['export'],
    placement: row.placement as Fleet['placement'],
    labels: row.labels as Fleet['labels'],
    generation: row.generation,
    disks: { settled, pending: open - failed, failed },
    progress: row.changeDisks === 0 || open === 0 ? 1 : done / row.changeDisks,
    etaSeconds: going && open > 0 && done > 0 ? (elapsedSeconds / done) * open : null,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}
