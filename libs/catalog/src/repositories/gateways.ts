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

/** Time is the database's throughout: hosts need not agree on it. */
export class GatewaysRepository {
  constructor(private readonly prisma: PrismaClient) {}

  /** Writes the gateway down, or that it still lives. */
  async announce({ id, host, port, unixSocket, pools }: GatewayAnnouncement): Promise<void> {
    await this.prisma.$executeRaw`
      INSERT INTO gateways (id, host, port, unix_socket, pools, heartbeat_at)
      VALUES (${id}, ${host}, ${port}, ${unixSocket}, ${pools}, clock_timestamp())
      ON CONFLICT (id) DO UPDATE SET host = EXCLUDED.host, port = EXCLUDED.port,
        unix_socket = EXCLUDED.unix_socket, pools = EXCLUDED.pools, heartbeat_at = EXCLUDED.heartbeat_at`;
  }

  /** The gateway stops in order: no export is placed on it until it announces itself again. */
  async retire(id: string): Promise<void> {
    const heartbeatAt = new Date(0);
    await this.prisma.gateway.updateMany({ where: { id }, data: { heartbeatAt } });
  }

  async list(): Promise<Gateway[]> {
    const alive = new Set(await this.alive());
    const rows = await this.prisma.gateway.findMany({ orderBy: { id: 'asc' } });
    return rows.map((row) => toGateway(row, alive.has(row.id)));
  }

  /** Errors: `not_found`. */
  async get(id: string): Promise<Gateway> {
    const alive = await this.alive();
    const row = await this.prisma.gateway.findUnique({ where: { id } });
    if (!row) throw notFound('gateway', id);
    return toGateway(row, alive.includes(id));
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
      where: { id: { in: await this.alive() }, pools: { has: pool } },
      orderBy: [{ exports: { _count: 'asc' } }, { id: 'asc' }],
      take: 1,
    });
    if (!rows[0]) throw noGateway(`pool ${pool}: no live gateway reaches it`, pool);
    return toGateway(rows[0], true);
  }

  /** Ids of those that have beaten of late. */
  private async alive(): Promise<string[]> {
    const rows = await this.prisma.$queryRaw<{ id: string }[]>`
      SELECT id FROM gateways
      WHERE heartbeat_at > clock_timestamp() - ${GATEWAY_DEAD_AFTER_MS} * interval '1 ms'`;
    return rows.map(({ id }) => id);
  }
}

function toGateway({ heartbeatAt, ...row }: GatewayRow, alive: boolean): Gateway {
  return { ...row, alive, heartbeatAt: heartbeatAt.toISOString() };
}

function noGateway(message: string, pool: string): CatalogError {
  return new CatalogError('no_gateway', message, { pool });
}
