/** Disks of fleets in the catalog: what is wanted of each, what there is, and who brings it there now. */

import type { Export, FleetDisk, Image, ListFleetDisks } from '@zonelab/contracts';
import { notFound } from '../errors.ts';
import type { Prisma, PrismaClient } from '../generated/client.ts';
import { toExport } from './exports.ts';
import { toImage } from './images.ts';

/** A disk with all that there is of it. */
export interface FleetDiskParts {
  readonly fleetId: string;
  readonly number: number;
  readonly name: string;
  readonly desired: 'exported' | 'absent';
  readonly generation: number;
  readonly madeGeneration: number | null;
  readonly image: Image | null;
  readonly export: Export | null;
}

const PARTS = { fleet: { select: { name: true } }, image: true, export: true } as const;
type Row = Prisma.FleetDiskGetPayload<{ include: typeof PARTS }>;

/** A disk as a page of a list shows it, but for the zones, which its gateway knows. */
export type ListedDisk = Omit<FleetDisk, 'zones'>;

export class FleetDisksRepository {
  constructor(private readonly prisma: PrismaClient) {}

  /** By number. */
  async list(
    fleetId: string,
    { limit, cursor = -1 }: ListFleetDisks,
  ): Promise<{ items: ListedDisk[]; nextCursor: string | null }> {
    const rows = await this.prisma.fleetDisk.findMany({
      where: { fleetId, number: { gt: cursor } },
      include: PARTS,
      orderBy: { number: 'asc' },
      take: limit + 1,
    });
    const shown = rows.slice(0, limit);
    const last = rows.length > limit ? shown.at(-1) : undefined;
    return { items: shown.map(toListed), nextCursor: last ? String(last.number) : null };
  }

  /** All that are wanted, by number, or the one of that number. */
  async wanted(fleetId: string, number?: number): Promise<FleetDiskParts[]> {
    const rows = await this.prisma.fleetDisk.findMany({
      where: { fleetId, desired: 'exported', ...(number !== undefined && { number }) },
      include: PARTS,
      orderBy: { number: 'asc' },
    });
    return rows.map(toParts);
  }

  /** Errors: `not_found`. */
  async get(fleetId: string, number: number): Promise<FleetDiskParts> {
    const row = await this.prisma.fleetDisk.findUnique({
      where: { fleetId_number: { fleetId, number } },
      include: PARTS,
    });
    if (!row) throw notFound('disk', `${number} of fleet ${fleetId}`);
    return toParts(row);
  }

  /**
   * Keeps a disk to `owner` for a while, who may ask again before that is over. False where another has it, undefined
   * where there is no such disk.
   */
  async claim(
    fleetId: string,
    number: number,
    owner: string,
    durationMs: number,
  ): Promise<boolean | undefined> {
    const claimed = await this.prisma.$executeRaw`
      UPDATE fleet_disks SET claimed_by = ${owner}, claimed_until = now() + ${durationMs} * interval '1 ms'
      WHERE fleet_id = ${fleetId}::uuid AND number = ${number}
        AND (claimed_by = ${owner} OR claimed_until IS NULL OR claimed_until < now())`;
    if (claimed === 1) return true;
    const where = { fleetId_number: { fleetId, number } };
    return (await this.prisma.fleetDisk.findUnique({ where })) ? false : undefined;
  }

  async release(fleetId: string, number: number, owner: string): Promise<void> {
    await this.prisma.fleetDisk.updateMany({
      where: { fleetId, number, claimedBy: owner },
      data: { claimedBy: null, claimedUntil: null },
    });
  }

  /** Writes down what there is of it now, or how an attempt ended. */
  async note(
    { fleetId, number }: Pick<FleetDiskParts, 'fleetId' | 'number'>,
    facts: {
      imageId?: string | null;
      exportId?: string | null;
      madeGeneration?: number | null;
      failure?: string | null;
    },
  ): Promise<void> {
    const { failure, ...data } = facts;
    const outcome =
      failure === undefined
        ? {}
        : failure === null
          ? { reason: null, attempts: 0 }
          : { reason: failure, attempts: { increment: 1 } };
    const where = { fleetId, number };
    await this.prisma.fleetDisk.updateMany({ where, data: { ...data, ...outcome } });
  }

  /** Takes the row out, unless the disk is wanted again. */
  async remove(fleetId: string, number: number): Promise<void> {
    await this.prisma.fleetDisk.deleteMany({ where: { fleetId, number, desired: 'absent' } });
  }
}

function toParts(row: Row): FleetDiskParts {
  return {
    fleetId: row.fleetId,
    number: row.number,
    name: nameOf(row),
    desired: row.desired,
    generation: row.generation,
    madeGeneration: row.madeGeneration,
    image: row.image && toImage(row.image),
    export: row.export && toExport(row.export),
  };
}

function toListed(row: Row): ListedDisk {
  const { image, export: served } = row;
  const made = image !== null && row.madeGeneration === row.generation;
  return {
    disk: row.number,
    name: nameOf(row),
    generation: row.generation,
    desired: row.desired,
    actual: image === null ? 'absent' : served === null ? 'created' : 'exported',
    settled: row.desired === 'exported' && made && served?.status === 'active',
    reason: row.reason ?? served?.error ?? null,
    attempts: row.attempts,
    imageId: row.imageId,
    exportId: row.exportId,
    exportStatus: served?.status ?? null,
    gatewayId: served?.gatewayId ?? null,
    uri: served?.uri ?? null,
    machine: served && toExport(served).stats,
    updatedAt: row.updatedAt.toISOString(),
  };
}

function nameOf({ fleet, number }: { fleet: { name: string }; number: number }): string {
  return `${fleet.name}-${number}`;
}
