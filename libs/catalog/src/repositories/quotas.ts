/** Quotas: how much the holder of a key may have at a time. */

import type { Quota } from '@zonelab/contracts';
import type { Database } from '../client.ts';
import { CatalogError } from '../errors.ts';
import type { ApiKey } from '../generated/client.ts';

/** Whose quota something counts against. */
export interface QuotaOwner {
  /** Of the key. */
  id: string;
  quota: Quota;
}

/** What is about to be added. Bytes are those of disks. */
export interface QuotaNeed {
  images?: number;
  bytes?: number;
  exports?: number;
}

export function toQuota(row: ApiKey): Quota {
  const { maxImages, maxBytes, maxExports, maxRequestsPerMinute } = row;
  return {
    ...(maxImages !== null && { images: maxImages }),
    ...(maxBytes !== null && { bytes: Number(maxBytes) }),
    ...(maxExports !== null && { exports: maxExports }),
    ...(maxRequestsPerMinute !== null && { requestsPerMinute: maxRequestsPerMinute }),
  };
}

/** False where nothing can exceed it, so that nobody has to count. */
export function limits({ images, bytes, exports }: Quota): boolean {
  return images !== undefined || bytes !== undefined || exports !== undefined;
}

/**
 * Throws `quota_exceeded` where the key would have more than it may. Holds the key's row, so that two who add at once
 * are counted one after the other: to be called inside the transaction that adds.
 */
export async function refuseOverQuota(
  database: Database,
  keyId: string,
  need: QuotaNeed,
): Promise<void> {
  await database.$queryRaw`SELECT 1 FROM api_keys WHERE id = ${keyId}::uuid FOR UPDATE`;
  const key = await database.apiKey.findUnique({ where: { id: keyId } });
  if (!key) return;
  const quota = toQuota(key);
  const where = { ownerKeyId: keyId };
  for (const field of ['images', 'bytes', 'exports'] as const) {
    const allowed = quota[field];
    const added = need[field] ?? 0;
    if (allowed === undefined || added <= 0) continue;
    const present = await presentOf(database, field, where);
    if (present + added <= allowed) continue;
    const message = `${field}: key ${key.name} has ${present} and asks for ${added} more, allowed are ${allowed}`;
    throw new CatalogError('quota_exceeded', message, { resource: 'key', id: keyId });
  }
}

async function presentOf(
  database: Database,
  field: 'images' | 'bytes' | 'exports',
  where: { ownerKeyId: string },
): Promise<number> {
  if (field === 'images') return database.image.count({ where });
  if (field === 'exports') return database.export.count({ where });
  const { _sum } = await database.image.aggregate({ where, _sum: { size: true } });
  return Number(_sum.size ?? 0);
}
