/**
 * Refuses what a route does not take. A route without a query or body schema has no pipe to check them, and to ignore a
 * field there is to do something else than was asked for: a reset of one zone would be one of all.
 */

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import type { FieldError } from '@zonelab/contracts';
import type { FastifyRequest } from 'fastify';
import { invalidRequest } from './validation.pipe.ts';

@Injectable()
export class UndeclaredInputGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { query, body } = context.switchToHttp().getRequest<FastifyRequest>();
    const declared = declaredInputs(context);
    const errors = [
      ...(declared.has(RouteParamtypes.QUERY) ? [] : refuseAll(query)),
      ...(declared.has(RouteParamtypes.BODY) ? [] : refuseAll(body)),
    ];
    if (errors.length > 0) throw invalidRequest(errors);
    return true;
  }
}

/**
 * Nest keeps a handler's parameters under keys such as `4:0`: the kind of the input, the parameter's position. That is
 * internal to Nest; should it move, nothing would count as declared and every input be refused, so tests would tell.
 */
function declaredInputs(context: ExecutionContext): Set<RouteParamtypes> {
  const { name } = context.getHandler();
  const parameters = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), name) ?? {};
  return new Set(Object.keys(parameters).map((key) => Number.parseInt(key, 10)));
}

function refuseAll(input: unknown): FieldError[] {
  if (input === undefined || input === null) return [];
  if (typeof input !== 'object' || Array.isArray(input)) {
    return [{ path: '', given: input, allowed: 'no body' }];
  }
  const allowed = 'no field of this name';
  return Object.entries(input).map(([path, given]) => ({ path, given, allowed }));
}
