/** Who may do what: a bearer key on every route but the probes; viewers look, the others also change. */

import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Catalog, type Role } from '@zonelab/catalog';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from './problem.ts';

const PUBLIC = 'zonelab:public';

/** A route that needs no key. */
export const Public = () => SetMetadata(PUBLIC, true);

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
const MAY_CHANGE: ReadonlySet<Role> = new Set(['admin', 'operator']);

@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly catalog: Catalog,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.getAllAndOverride(PUBLIC, [context.getHandler(), context.getClass()])) {
      return true;
    }
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const role = await this.roleOf(request.headers.authorization);
    if (READING.has(request.method) || MAY_CHANGE.has(role)) return true;
    const detail = `${request.method}: the key's role is ${role}, allowed are ${[...MAY_CHANGE].join(', ')}`;
    throw new ProblemError({ status: 403, code: 'forbidden', detail });
  }

  private async roleOf(authorization: string | undefined): Promise<Role> {
    const key = /^Bearer +(zl_[\w-]+)$/i.exec(authorization ?? '')?.[1];
    const owner = key === undefined ? undefined : await this.catalog.keys.find(key);
    if (owner) return owner.role;
    const given = authorization === undefined ? 'nothing' : 'no known key';
    const detail = `Authorization: got ${given}, allowed is "Bearer zl_…" with an API key`;
    throw new ProblemError({ status: 401, code: 'unauthorized', detail });
  }
}
