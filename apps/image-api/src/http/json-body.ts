/** How request bodies are read. */

import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/**
 * JSON is the only media type that is read. An empty body announced as JSON is no body: many clients send the media type with every request, also with those that
 * carry nothing. Fastify alone refuses it. Routes that need a body refuse its absence when they check it.
 */
export function readJsonAlone(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeContentTypeParser('text/plain'); // Fastify's own
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string' },
    (request, body, done) => {
      if (body === '') done(null, undefined);
      else parse(request, body, done);
    },
  );
}
