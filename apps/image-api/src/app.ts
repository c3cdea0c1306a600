/** Makes the API, ready to listen, and its OpenAPI document. */

import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { Catalog } from '@zonelab/catalog';
import { PROBLEM_MEDIA_TYPE, problemSchema } from '@zonelab/contracts';
import { nestLogger } from '@zonelab/platform';
import { z } from 'zod';
import { AppModule } from './app.module.ts';
import { MAX_BODY_BYTES } from './limits.ts';
import type { ImageApiOptions } from './options.ts';

/** The database must have its migrations. The caller listens, and closes it. */
export async function createApp(options: ImageApiOptions): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(options),
    new FastifyAdapter({ bodyLimit: MAX_BODY_BYTES }),
    { logger: nestLogger(options.logger), abortOnError: false },
  );
  SwaggerModule.setup('docs', app, openApiDocument(app), { jsonDocumentUrl: 'openapi.json' });
  if (options.adminKey) await app.get(Catalog).keys.ensure(options.adminKey, 'admin', 'admin');
  return app;
}

export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const about = new DocumentBuilder()
    .setTitle('zonelab')
    .setDescription('Zoned disks as qcow2 files: catalogued, served over NBD, measured')
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'API key, zl_…' })
    .addSecurityRequirements('bearer')
    .build();
  const document = SwaggerModule.createDocument(app, about, {
    operationIdFactory: (controller, method) => `${controller.replace('Controller', '')}_${method}`,
  });
  describeProblems(document);
  return document;
}

/** Any route may answer a problem instead. */
function describeProblems({ components = {}, paths }: OpenAPIObject): void {
  const schema = z.toJSONSchema(problemSchema, { target: 'openapi-3.0', io: 'output' });
  components.schemas = { ...components.schemas, Problem: schema as object };
  const content = { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } };
  for (const path of Object.values(paths)) {
    for (const method of ['get', 'post', 'patch', 'delete'] as const) {
      const operation = path[method];
      if (operation) operation.responses.default = { description: 'A problem', content };
    }
  }
}
