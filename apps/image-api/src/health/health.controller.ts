/** Probes: alive, and able to serve. */

import { Controller, Get, Inject, type OnApplicationShutdown } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Catalog } from '@zonelab/catalog';
import { connectRedis } from '@zonelab/platform';
import { z } from 'zod';
import { Public } from '../http/auth.guard.ts';
import { ProblemError } from '../http/problem.ts';
import { READY_TIMEOUT_MS } from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { withDeadline } from '../with-deadline.ts';

const healthSchema = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });
const OK = { status: 'ok' } as const;

@ApiTags('health')
@Public()
@Controller()
export class HealthController implements OnApplicationShutdown {
  private readonly redis;

  constructor(
    private readonly catalog: Catalog,
    @Inject(OPTIONS) { redisUrl, logger }: ImageApiOptions,
  ) {
    this.redis = connectRedis(redisUrl, { lazyConnect: true });
    this.redis.on('error', (err: Error) => logger.warn({ err }, 'Redis'));
  }

  @Get('healthz')
  @ApiOkResponse({ standardSchema: healthSchema })
  alive() {
    return OK;
  }

  @Get('readyz')
  @ApiOkResponse({ standardSchema: healthSchema })
  async ready() {
    const [database, redis] = await Promise.allSettled([
      withDeadline(READY_TIMEOUT_MS, this.catalog.ping()),
      withDeadline(READY_TIMEOUT_MS, this.redis.ping()),
    ]);
    const missing = [
      ...(database.status === 'rejected' ? ['Postgres'] : []),
      ...(redis.status === 'rejected' ? ['Redis'] : []),
    ];
    if (missing.length === 0) return OK;
    const detail = `${missing.join(' and ')} did not answer in ${READY_TIMEOUT_MS} ms`;
    throw new ProblemError({ status: 503, code: 'not_ready', detail });
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}
