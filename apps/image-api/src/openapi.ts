/** The API's description of itself. */

import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { PROBLEM_MEDIA_TYPE, problemSchema } from '@zonelab/contracts';
import { createLogger } from '@zonelab/platform';
import { z } from 'zod';
import { AppModule } from './app.module.ts';

export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const about = new DocumentBuilder()
    .setTitle('zonelab')
    .setDescription('Zoned disks as qcow2 files: catalogued, served over NBD, measured')
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'API key, zl_…' }, 'key')
    .addSecurityRequirements('key')
    .build();
  const document = SwaggerModule.createDocument(app, about, {
    operationIdFactory: (controller, method) => `${controller.replace('Controller', '')}_${method}`,
  });
  describeProblems(document);
  return document;
}

/** The document without the servers that the API needs: nothing of it is instantiated. */
export async function describeApi(): Promise<OpenAPIObject> {
  const module = AppModule.forRoot({
    databaseUrl: 'postgresql://localhost',
    redisUrl: 'redis://localhost',
    pools: [{ name: 'pool', path: '/' }],
    logger: createLogger('openapi', 'silent'),
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), {
    preview: true,
    logger: false,
  });
  return openApiDocument(app);
}

/** Any route may answer a problem instead. */
function describeProblems({ components = {}, paths }: OpenAPIObject): void {
  const schema = z.toJSONSchema(problemSchema, { target: 'openapi-3.0' });
  components.schemas = { ...components.schemas, Problem: schema as object };
  const content = { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } };
  for (const path of Object.values(paths)) {
    for (const method of ['get', 'post', 'put', 'patch', 'delete'] as const) {
      const operation = path[method];
      if (operation) operation.responses.default = { description: 'A problem', content };
    }
  }
}
