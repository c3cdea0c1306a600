/** API keys: made of 32 random bytes, shown once, stored as a SHA-256. No salt: there is nothing to guess. */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { CreatedKey, CreateKey, Key, Page, PageQuery, Quota } from '@zonelab/contracts';
import { CatalogError, notFound } from '../errors.ts';
import type { ApiKey, PrismaClient, Role } from '../generated/client.ts';
import { pageArguments, toPage } from '../page.ts';
import { toQuota } from './quotas.ts';

const KEY_BYTES = 32;

/** The last use is kept to the minute: one write a minute, not one a request. */
const LAST_USED_STEP_MS = 60_000;

export interface KeyOwner {
  id: string;
  name: string;
  role: Role;
  quota: Quota;
}

/** A new key, `zl_` and 43 characters. */
export function generateKey(): string {
  return `zl_${randomBytes(KEY_BYTES).toString('base64url')}`;
}

export class KeysRepository {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly now: () => Date,
  ) {}

  /** Makes `key` known under the name and role, unless it is known. */
  async ensure(key: string, name: string, role: Role): Promise<void> {
    const hash = hashOf(key);
    await this.prisma.apiKey.upsert({
      where: { hash },
      create: { hash, name, role },
      update: {},
    });
  }

  /** A new key, in the only answer that holds it. */
  async create({ name, role, expiresAt, quota = {} }: CreateKey): Promise<CreatedKey> {
    const key = generateKey();
    const limits = {
      maxImages: quota.images ?? null,
      maxBytes: quota.bytes ?? null,
      maxExports: quota.exports ?? null,
      maxRequestsPerMinute: quota.requestsPerMinute ?? null,
    };
    const data = { hash: hashOf(key), name, role, ...limits, ...(expiresAt && { expiresAt }) };
    return { ...toKey(await this.prisma.apiKey.create({ data })), key };
  }

  async list(page: PageQuery): Promise<Page<Key>> {
    const rows = await this.prisma.apiKey.findMany(pageArguments(page));
    return toPage(rows, page.limit, toKey);
  }

  /**
   * From now on the key opens nothing. Revoking twice is revoking once. Errors: `not_found`, `state_conflict` for the
   * last admin key: nobody could make another.
   */
  async revoke(id: string): Promise<void> {
    const now = this.now();
    await this.prisma.$transaction(async (database) => {
      await database.$queryRaw`SELECT 1 FROM api_keys WHERE role = 'admin' ORDER BY id FOR UPDATE`;
      const row = await database.apiKey.findUnique({ where: { id } });
      if (!row) throw notFound('key', id);
      if (row.role === 'admin' && isValid(row, now)) {
        const others = await database.apiKey.findMany({
          where: { role: 'admin', id: { not: id } },
        });
        if (!others.some((other) => isValid(other, now))) throw lastAdmin(id);
      }
      const where = { id, revokedAt: null };
      await database.apiKey.updateMany({ where, data: { revokedAt: now } });
    });
  }

  /** Whose key this is, while it is valid. The search sees only the hash, and the hash is compared in constant time. */
  async find(key: string): Promise<KeyOwner | undefined> {
    const hash = hashOf(key);
    const row = await this.prisma.apiKey.findUnique({ where: { hash } });
    const now = this.now();
    if (!row || !timingSafeEqual(row.hash, hash) || !isValid(row, now)) return undefined;
    const { id, name, role, lastUsedAt } = row;
    if (now.getTime() - (lastUsedAt?.getTime() ?? 0) >= LAST_USED_STEP_MS)
      await this.prisma.apiKey.updateMany({ where: { id }, data: { lastUsedAt: now } });
    return { id, name, role, quota: toQuota(row) };
  }
}

function isValid({ revokedAt, expiresAt }: ApiKey, now: Date): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now);
}

function lastAdmin(id: string): CatalogError {
  const message = `key ${id}: the last valid admin key cannot be revoked; make another first`;
  return new CatalogError('state_conflict', message, { resource: 'key', id });
}

function toKey(row: ApiKey): Key {
  const { id, name, role, createdAt, expiresAt, revokedAt, lastUsedAt } = row;
  return {
    id,
    name,
    role,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
    quota: toQuota(row),
  };
}

function hashOf(key: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash('sha256').update(key).digest());
}
