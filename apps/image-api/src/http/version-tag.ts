/** Versions of resources as HTTP has them: ETag in answers, If-Match in changes (RFC 9110, 8.8.3 and 13.1.1). */

import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Observable, tap } from 'rxjs';
import { invalidRequest } from './validation.pipe.ts';

/** Gives every answer that has a version its ETag. */
export class VersionTagInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      tap((answer: unknown) => {
        const { version } = (answer ?? {}) as { version?: number };
        if (version !== undefined) reply.header('etag', `"${version}"`);
      }),
    );
  }
}

/** The version that a change is meant for; undefined where any will do. Throws the problem 422 for what is no tag of ours. */
export function versionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined;
  const version = /^"(\d{1,9})"$/.exec(ifMatch)?.[1];
  if (version !== undefined) return Number(version);
  throw invalidRequest([{ path: 'If-Match', given: ifMatch, allowed: 'one ETag, or *' }]);
}
