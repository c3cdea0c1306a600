/**
 * What POSTs with an Idempotency-Key answered, so that a client which asks again gets the same answer and nothing is
 * done twice. Tokens are each key's own.
 */

import type { PrismaClient } from '../generated/client.ts';

/** A request whose process died is tried anew after this: longer than any answer takes. */
const GIVEN_UP_AFTER_MS = 120_000;

/** Which POST it is. */
export interface PostIdentity {
  keyId: string;
  /** The Idempotency-Key. */
  token: string;
  /** SHA-256 of method, path and body. */
  requestHash: Uint8Array<ArrayBuffer>;
}

export interface RememberedAnswer {
  status: number;
  /** As the caller sealed it; what is in it is not known here. */
  answer: Uint8Array<ArrayBuffer>;
}

/** `mine`: do it, then `finish` or `forget`. `going-on`: another request does. `different`: the token was another request's. */
export type PostState = 'mine' | 'going-on' | 'different' | RememberedAnswer;

export class RememberedPostsRepository {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly now: () => Date,
  ) {}

  async begin({ keyId, token, requestHash }: PostIdentity): Promise<PostState> {
    const createdAt = this.now();
    const data = { keyId, token, requestHash, createdAt };
    const added = await this.prisma.rememberedPost.createMany({ data, skipDuplicates: true });
    if (added.count === 1) return 'mine';
    const where = { keyId_token: { keyId, token } };
    const row = await this.prisma.rememberedPost.findUnique({ where });
    if (!row) return 'going-on'; // forgotten this moment: its answer was a failure
    if (Buffer.compare(row.requestHash, requestHash) !== 0) return 'different';
    if (row.status !== null && row.answer) return { status: row.status, answer: row.answer };
    if (createdAt.getTime() - row.createdAt.getTime() < GIVEN_UP_AFTER_MS) return 'going-on';
    const taken = await this.prisma.rememberedPost.updateMany({
      where: { keyId, token, status: null, createdAt: row.createdAt },
      data: { createdAt },
    });
    return taken.count === 1 ? 'mine' : 'going-on';
  }

  async finish({ keyId, token }: PostIdentity, answered: RememberedAnswer): Promise<void> {
    await this.prisma.rememberedPost.updateMany({ where: { keyId, token }, data: answered });
  }

  /** The request failed in a way that another try may not. */
  async forget({ keyId, token }: PostIdentity): Promise<void> {
    await this.prisma.rememberedPost.deleteMany({ where: { keyId, token } });
  }

  async prune(before: Date): Promise<void> {
    await this.prisma.rememberedPost.deleteMany({ where: { createdAt: { lt: before } } });
  }
}
