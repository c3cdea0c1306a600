/**
 * Leases: at any time at most one owner may write an image. Time is the database's, so that owners need not agree on
 * it; the token tells a later holder from an earlier one.
 */

import { CatalogError } from '../errors.ts';
import type { PrismaClient } from '../generated/client.ts';

export class LeasesRepository {
  constructor(private readonly prisma: PrismaClient) {}

  /** Answers the lease's token. Errors: `image_leased` while another has it, `not_found` without the image. */
  async take(imageId: string, owner: string, durationMs: number): Promise<bigint> {
    const [row] = await this.prisma.$queryRaw<{ token: bigint }[]>`
      INSERT INTO leases (image_id, owner, token, expires_at)
      SELECT id, ${owner}, 1, now() + ${durationMs} * interval '1 ms' FROM images WHERE id = ${imageId}::uuid
      ON CONFLICT (image_id) DO UPDATE
        SET owner = EXCLUDED.owner, token = leases.token + 1, expires_at = EXCLUDED.expires_at
        WHERE leases.expires_at <= now()
      RETURNING token`;
    if (row) return row.token;
    throw await this.refusal(imageId);
  }

  /** Prolongs a lease that has not ended. False where it has: whoever held it must not write any more. */
  async renew(imageId: string, token: bigint, durationMs: number): Promise<boolean> {
    const count = await this.prisma.$executeRaw`
      UPDATE leases SET expires_at = now() + ${durationMs} * interval '1 ms'
      WHERE image_id = ${imageId}::uuid AND token = ${token} AND expires_at > now()`;
    return count === 1;
  }

  /** Ends a lease now. One that has ended stays so. */
  async release(imageId: string, token: bigint): Promise<void> {
    await this.prisma.$executeRaw`
      UPDATE leases SET expires_at = now() WHERE image_id = ${imageId}::uuid AND token = ${token} AND expires_at > now()`;
  }

  private async refusal(imageId: string): Promise<CatalogError> {
    const row = await this.prisma.lease.findUnique({ where: { imageId } });
    const id = imageId;
    if (!row) return new CatalogError('not_found', `image ${id}: there is none`, { id });
    const until = row.expiresAt.toISOString();
    const message = `image ${id}: ${row.owner} holds its lease until ${until}`;
    return new CatalogError('image_leased', message, { resource: 'image', id, owner: row.owner });
  }
}
