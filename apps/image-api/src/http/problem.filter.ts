/** Writes every error as RFC 9457 problem details. */

import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { PROBLEM_MEDIA_TYPE, type Problem } from '@zonelab/contracts';
import type { Logger } from '@zonelab/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ProblemDetails } from './problem.ts';
import { toProblem } from './translate.ts';

const UNFORESEEN: ProblemDetails = {
  status: 500,
  code: 'internal_error',
  detail: 'see the log of the service',
};

@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const { url: instance, method } = request;
    const { status, code, detail, errors, context } = toProblem(error) ?? UNFORESEEN;
    if (status >= 500) this.logger.error({ err: error, method, url: instance }, 'request failed');
    const problem: Problem = {
      type: 'about:blank',
      title: STATUS_CODES[status] ?? 'Error',
      status,
      code,
      detail,
      instance,
      ...(errors && { errors }),
      ...(context && Object.keys(context).length > 0 && { context: { ...context } }),
    };
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    const { retryAfterSeconds } = (context ?? {}) as { retryAfterSeconds?: number };
    if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
    reply.status(status).type(PROBLEM_MEDIA_TYPE).send(problem);
  }
}
