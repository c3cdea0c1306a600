/** Who may do what: a bearer key on every route but the probes; viewers look, operators also change, admins keep keys. */

import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Catalog, type KeyOwner, type NewAuditEntry, type Role } from '@zonelab/catalog';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from './problem.ts';
import { Rates } from './rates.ts';

const PUBLIC = 'zonelab:public';
const ADMIN = 'zonelab:admin';

/** A route that needs no key. */
export const Public = () => SetMetadata(PUBLIC, true);

/** A route that needs an admin's key, also to look. */
export const AdminOnly = () => SetMetadata(ADMIN, true);

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
const LOOKS: readonly Role[] = ['admin', 'operator', 'viewer'];
const CHANGES: readonly Role[] = ['admin', 'operator'];
const KEEPS_KEYS: readonly Role[] = ['admin'];

/** Whose key each request came with. */
const owners = new WeakMap<FastifyRequest, KeyOwner>();

/** The owner of the key of a request that passed the guard; undefined on public routes. */
export function keyOwner(request: FastifyRequest): KeyOwner | undefined {
  return owners.get(request);
}

/** True for requests that change nothing. */
export function isReading(request: FastifyRequest): boolean {
  return READING.has(request.method);
}

/** What the audit says of a request. */
export function auditEntry(
  { id: keyId, name: keyName, role }: KeyOwner,
  { method, url: path }: FastifyRequest,
  status: number,
  code: string | null,
): NewAuditEntry {
  return { keyId, keyName, role, method, path, status, code };
}

@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly catalog: Catalog,
    private readonly rates: Rates,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.marked(context, PUBLIC)) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const owner = await this.ownerOf(request);
    owners.set(request, owner);
    await this.rates.countRequest(owner.id, owner.quota.requestsPerMinute);
    const allowed = this.rolesFor(context, request);
    if (allowed.includes(owner.role)) return true;
    await this.noteRefusal(owner, request);
    const detail = `${request.method}: the key's role is ${owner.role}, allowed is ${allowed.join(' or ')}`;
    throw new ProblemError({ status: 403, code: 'forbidden', detail });
  }

  /** The audit's own interceptor comes after the guards. */
  private async noteRefusal(owner: KeyOwner, request: FastifyRequest): Promise<void> {
    if (isReading(request)) return;
    await this.catalog.audit.add(auditEntry(owner, request, 403, 'forbidden'));
  }

  private rolesFor(context: ExecutionContext, request: FastifyRequest): readonly Role[] {
    if (this.marked(context, ADMIN)) return KEEPS_KEYS;
    return isReading(request) ? LOOKS : CHANGES;
  }

  private marked(context: ExecutionContext, mark: string): boolean {
    return this.reflector.getAllAndOverride(mark, [context.getHandler(), context.getClass()]);
  }

  private async ownerOf({ headers: { authorization }, ip }: FastifyRequest): Promise<KeyOwner> {
    const key = /^Bearer +(zl_[\w-]+)$/i.exec(authorization ?? '')?.[1];
    const owner = key === undefined ? undefined : await this.catalog.keys.find(key);
    if (owner) return owner;
    await this.rates.countFailure(ip);
    const given = authorization === undefined ? 'nothing' : 'no valid key';
    const detail = `Authorization: got ${given}, allowed is "Bearer zl_…" with an API key`;
    throw new ProblemError({ status: 401, code: 'unauthorized', detail });
  }
}
