/** Gateways in the catalog: each announces itself and beats; one that stops beating is dead. */

import { GATEWAY_DEAD_AFTER_MS, type Gateway } from '@zonelab/contracts';
import { CatalogError, notFound } from '../errors.ts';
import type { Gateway as GatewayRow, PrismaClient } from '../generated/client.ts';

export interface GatewayAnnouncement {
  id: string;
  /** Where clients reach it. */
  host: string;
  port: number | null;
  unixSocket: string | null;
  pools: string[];
}

export class GatewaysRepository {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** Writes the gateway down, or that it still lives. */
  async announce({ id, ...facts }: GatewayAnnouncement): Promise<void> {
    const data = { ...facts, heartbeatAt: this.now() };
    await this.prisma.gateway.upsert({ where: { id }, create: { id, ...data }, update: data });
  }

  /** The gateway stops in order: no export is placed on it until it announces itself again. */
  async retire(id: string): Promise<void> {
    const heartbeatAt = new Date(0);
    await this.prisma.gateway.updateMany({ where: { id }, data: { heartbeatAt } });
  }

  async list(): Promise<Gateway[]> {
    const rows = await this.prisma.gateway.findMany({ orderBy: { id: 'asc' } });
    return rows.map((row) => this.toGateway(row));
  }

  /** Errors: `not_found`. */
  async get(id: string): Promise<Gateway> {
    const row = await this.prisma.gateway.findUnique({ where: { id } });
    if (!row) throw notFound('gateway', id);
    return this.toGateway(row);
  }

  /**
   * The live gateway that reaches `pool` and has the fewest exports, or the one asked for.
   * Errors: `not_found`, `no_gateway`.
   */
  async place(pool: string, wantedId?: string): Promise<Gateway> {
    if (wantedId !== undefined) {
      const wanted = await this.get(wantedId);
      if (wanted.alive && wanted.pools.includes(pool)) return wanted;
      const why = wanted.alive ? `reaches ${wanted.pools.join(', ')}` : 'does not answer';
      throw noGateway(`gateway ${wantedId}: it ${why}; the image lies in pool ${pool}`, pool);
    }
    const rows = await this.prisma.gateway.findMany({
      where: { heartbeatAt: { gt: this.deadBefore() }, pools: { has: pool } },
      orderBy: [{ exports: { _count: 'asc' } }, { id: 'asc' }],
      take: 1,
    });
    if (!rows[0]) throw noGateway(`pool ${pool}: no live gateway reaches it`, pool);
    return this.toGateway(rows[0]);
  }

  private deadBefore(): Date {
    return new Date(this.now().getTime() - GATEWAY_DEAD_AFTER_MS);
  }

  private toGateway({ heartbeatAt, ...row }: GatewayRow): Gateway {
    const alive = heartbeatAt > this.deadBefore();
    return { ...row, alive, heartbeatAt: heartbeatAt.toISOString() };
  }
}

function noGateway(message: string, pool: string): CatalogError {
  return new CatalogError('no_gateway', message, { pool });
}
