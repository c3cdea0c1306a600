/** Refuses a stream of zones, before it begins, of an image that has none to show: later there is no status to say it with. */

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { idParamsSchema } from '@zonelab/contracts';
import type { FastifyRequest } from 'fastify';
import { ZonesService } from './zones.service.ts';

@Injectable()
export class ZonedImageGuard implements CanActivate {
  constructor(private readonly zones: ZonesService) {}

  /** Throws the problems that a report has. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { params } = context.switchToHttp().getRequest<FastifyRequest>();
    const given = idParamsSchema.safeParse(params);
    if (given.success) await this.zones.report(given.data.id, { from: 0, count: 1 });
    return true; // an id that is none is refused by the route's own check
  }
}
