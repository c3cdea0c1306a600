/** Makes the API, ready to listen. */

import helmet from '@fastify/helmet';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { Catalog } from '@zonelab/catalog';
import { nestLogger } from '@zonelab/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from './app.module.ts';
import { takeUploads } from './content/upload.ts';
import { serveDashboard } from './dashboard/dashboard.ts';
import { readJsonAlone } from './http/json-body.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { MAX_BODY_BYTES } from './limits.ts';
import { openApiDocument } from './openapi.ts';
import type { ImageApiOptions } from './options.ts';

/** The database must have its migrations. The caller listens, and closes it. */
export async function createApp(options: ImageApiOptions): Promise<NestFastifyApplication> {
  const problems = new ProblemFilter(options.logger);
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    // What Fastify refuses before there is a route, such as a malformed URL, does not pass Nest's filters.
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      problems.answer(error, request, reply),
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(options),
    adapter,
    { logger: nestLogger(options.logger), abortOnError: false, bodyParser: false }, // JSON alone
  );
  readJsonAlone(app);
  takeUploads(app);
  // No upgrade to HTTPS: the API may be served without, and the page of /docs loads its own parts.
  await app.register(helmet, {
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  });
  SwaggerModule.setup('docs', app, openApiDocument(app), { jsonDocumentUrl: 'openapi.json' });
  if (options.dashboard) await serveDashboard(app, options.dashboard);
  if (options.adminKey) await app.get(Catalog).keys.ensure(options.adminKey, 'admin', 'admin');
  return app;
}
