/**
 * A POST with an Idempotency-Key is done once. Sent again it gets the same answer, for a day; with another body it is
 * refused. A failure of ours (5xx) is not remembered: trying again is what it asks for.
 *
 * An answer can hold a secret, such as a new API key. It is stored sealed with the key that the request came with,
 * which is not stored itself.
 */

import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { Catalog, type PostIdentity } from '@zonelab/catalog';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { isUpload } from '../content/upload.ts';
import { MAX_IDEMPOTENCY_KEY_LENGTH } from '../limits.ts';
import { keyOwner } from './auth.guard.ts';
import { type ProblemDetails, ProblemError } from './problem.ts';
import { toProblem } from './translate.ts';
import { invalidRequest } from './validation.pipe.ts';

const HEADER = 'idempotency-key';

@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly catalog: Catalog) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const post = identify(request);
    if (!post) return next.handle();
    const seal = new Seal(request.headers.authorization ?? '');
    return from(this.once(post, seal, http.getResponse<FastifyReply>(), next));
  }

  private async once(
    post: PostIdentity,
    seal: Seal,
    reply: FastifyReply,
    next: CallHandler,
  ): Promise<unknown> {
    const posts = this.catalog.rememberedPosts;
    const state = await posts.begin(post);
    if (state === 'going-on' || state === 'different') throw refusal(state, post.token);
    if (state !== 'mine') {
      reply.header('idempotency-replayed', 'true');
      const answer = seal.open(state.answer);
      if (state.status >= 400) throw new ProblemError(answer as ProblemDetails);
      return answer ?? undefined;
    }
    try {
      const answer: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      await posts.finish(post, { status: reply.statusCode, answer: seal.close(answer) });
      return answer;
    } catch (error) {
      const problem = toProblem(error);
      if (problem && problem.status < 500)
        await posts.finish(post, { status: problem.status, answer: seal.close(problem) });
      else await posts.forget(post);
      throw error;
    }
  }
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM under a key made of the caller's. Sealed: nonce, tag, ciphertext. */
class Seal {
  private readonly key: Uint8Array;

  constructor(secret: string) {
    this.key = new Uint8Array(hkdfSync('sha256', secret, '', 'zonelab remembered answer', 32));
  }

  close(answer: unknown): Uint8Array<ArrayBuffer> {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.key, nonce);
    const text = cipher.update(JSON.stringify(answer ?? null));
    const rest = cipher.final();
    return Uint8Array.from(Buffer.concat([nonce, cipher.getAuthTag(), text, rest]));
  }

  open(sealed: Uint8Array): unknown {
    const text = NONCE_BYTES + TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, this.key, sealed.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, text));
    const plain = Buffer.concat([decipher.update(sealed.subarray(text)), decipher.final()]);
    return JSON.parse(plain.toString());
  }
}

/** Undefined where the request is not to be remembered. */
function identify(request: FastifyRequest): PostIdentity | undefined {
  const token = request.headers[HEADER];
  const owner = keyOwner(request);
  if (request.method !== 'POST' || token === undefined || !owner) return undefined;
  if (isUpload(request.body)) return undefined; // its name is taken once it is done
  if (typeof token !== 'string' || token.length < 1 || token.length > MAX_IDEMPOTENCY_KEY_LENGTH) {
    const allowed = `one value of 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} characters`;
    throw invalidRequest([{ path: 'Idempotency-Key', given: token, allowed }]);
  }
  const { url, body } = request;
  const hash = createHash('sha256').update(JSON.stringify([url, body ?? null]));
  return { keyId: owner.id, token, requestHash: Uint8Array.from(hash.digest()) };
}

function refusal(state: 'going-on' | 'different', token: string): ProblemError {
  const why =
    state === 'different'
      ? 'was sent before with another request, allowed is a new one'
      : 'belongs to a request that is still going on; ask again later';
  const code = state === 'different' ? 'idempotency_key_reused' : 'idempotency_key_in_use';
  return new ProblemError({ status: 409, code, detail: `Idempotency-Key: ${token} ${why}` });
}
