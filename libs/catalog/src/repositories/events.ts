/**
 * Events: written by the database's own triggers, read in order. The order is that of transactions; a row is shown once
 * no earlier transaction is open any more, so that nothing ever appears in front of what was already read.
 */

import type { LabEvent, ListEvents, NewEvent } from '@zonelab/contracts';
import { Prisma, type PrismaClient } from '../generated/client.ts';

/** A place in the order of events: `transaction.id`, both decimal. */
export type EventCursor = string;

interface EventRow {
  cursor: EventCursor;
  at: Date;
  type: LabEvent['type'];
  resource: LabEvent['resource'];
  resource_id: string;
  data: LabEvent['data'];
}

const CURSOR = /^(\d{1,19})\.(\d{1,18})$/;

export class EventsRepository {
  constructor(private readonly prisma: PrismaClient) {}

  /** Adds an event that no trigger knows of. */
  async add({ type, resource, resourceId, data }: NewEvent): Promise<void> {
    const event = { type, resource, resourceId, data: data as Prisma.InputJsonObject };
    await this.prisma.event.create({ data: event });
  }

  /** Where the events are that come from now on. */
  async end(): Promise<EventCursor> {
    const [row] = await this.prisma.$queryRaw<{ xmin: string }[]>`
      SELECT pg_snapshot_xmin(pg_current_snapshot())::TEXT AS xmin`;
    return `${row?.xmin}.0`;
  }

  /** Up to `limit` events after `cursor`, the oldest first. */
  async after(
    cursor: EventCursor,
    limit: number,
    { resource, resourceId }: ListEvents = {},
  ): Promise<LabEvent[]> {
    const [transaction, id] = parseCursor(cursor);
    const rows = await this.prisma.$queryRaw<EventRow[]>`
      SELECT transaction::TEXT || '.' || id AS cursor, at, type, resource, resource_id, data FROM events
      WHERE (transaction, id) > (${transaction}::TEXT::xid8, ${id}::BIGINT)
        AND transaction < pg_snapshot_xmin(pg_current_snapshot())
        ${resource === undefined ? Prisma.empty : Prisma.sql`AND resource = ${resource}`}
        ${resourceId === undefined ? Prisma.empty : Prisma.sql`AND resource_id = ${resourceId}`}
      ORDER BY transaction, id LIMIT ${limit}`;
    return rows.map(({ cursor: id, at, resource_id, ...event }) => ({
      ...event,
      id,
      at: at.toISOString(),
      resourceId: resource_id,
    }));
  }

  /** Forgets what is older than `before`. */
  async prune(before: Date): Promise<void> {
    await this.prisma.event.deleteMany({ where: { at: { lt: before } } });
  }
}

/** True for what can be a cursor. */
export function isEventCursor(text: string): boolean {
  return CURSOR.test(text);
}

function parseCursor(cursor: EventCursor): [transaction: string, id: bigint] {
  const [, transaction, id] = CURSOR.exec(cursor) ?? [];
  if (transaction === undefined || id === undefined) throw new Error(`no event cursor: ${cursor}`);
  return [transaction, BigInt(id)];
}
