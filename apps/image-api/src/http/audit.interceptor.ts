/** Writes down every request that could change something, before it is answered: who asked, and what came of it. */

import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { auditEntry, isReading, keyOwner } from './auth.guard.ts';
import { toProblem } from './translate.ts';

@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(private readonly catalog: Catalog) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    if (isReading(request)) return next.handle();
    return from(this.audited(request, http.getResponse<FastifyReply>(), next));
  }

  private async audited(
    request: FastifyRequest,
    reply: FastifyReply,
    next: CallHandler,
  ): Promise<unknown> {
    try {
      const answer: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      await this.note(request, reply.statusCode, null);
      return answer;
    } catch (error) {
      const { status, code } = toProblem(error) ?? { status: 500, code: 'internal_error' };
      await this.note(request, status, code);
      throw error;
    }
  }

  private async note(request: FastifyRequest, status: number, code: string | null): Promise<void> {
    const owner = keyOwner(request);
    if (owner) await this.catalog.audit.add(auditEntry(owner, request, status, code));
  }
}
