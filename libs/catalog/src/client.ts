/** The database client. */

import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/client.ts';

/** Connects at the first query; `$disconnect()` ends it. */
export function createPrisma(databaseUrl: string): PrismaClient {
  return new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl }) });
}

/** The client, or the one of a transaction that is going on. */
export type Database = Pick<
  PrismaClient,
  'image' | 'export' | 'gateway' | 'experiment' | 'apiKey'
> & {
  $queryRaw: PrismaClient['$queryRaw'];
};
