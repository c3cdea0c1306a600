/** API keys: made of 32 random bytes, shown once, stored as a SHA-256. No salt: there is nothing to guess. */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { PrismaClient, Role } from '../generated/client.ts';

const KEY_BYTES = 32;

export interface KeyOwner {
  id: string;
  name: string;
  role: Role;
}

/** A new key, `zl_` and 43 characters. */
export function generateKey(): string {
  return `zl_${randomBytes(KEY_BYTES).toString('base64url')}`;
}

export class KeysRepository {
  constructor(private readonly prisma: PrismaClient) {}

  /** Makes `key` known under the name and role, unless it is known. */
  async ensure(key: string, name: string, role: Role): Promise<void> {
    const hash = hashOf(key);
    await this.prisma.apiKey.upsert({
      where: { hash },
      create: { hash, name, role },
      update: {},
    });
  }

  /** Whose key this is. The search sees only the hash, and the hash is compared in constant time. */
  async find(key: string): Promise<KeyOwner | undefined> {
    const hash = hashOf(key);
    const row = await this.prisma.apiKey.findUnique({ where: { hash } });
    if (!row || !timingSafeEqual(row.hash, hash)) return undefined;
    return { id: row.id, name: row.name, role: row.role };
  }
}

function hashOf(key: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash('sha256').update(key).digest());
}
