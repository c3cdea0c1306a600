/** Bodies that are files: taken as streams, by the routes that want them. */

import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** A body on its way, not decompressed. */
export type Upload = IncomingMessage;

const ROUTES: ReadonlySet<string> = new Set(['/v1/traces', '/v1/images/import']);

export function takeUploads(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addContentTypeParser('application/octet-stream', (request, payload, done) => {
    if (ROUTES.has(new URL(request.url, 'http://host').pathname)) done(null, payload);
    else done(Object.assign(new Error('this route takes JSON'), { statusCode: 415 }));
  });
  // A body that is refused before its end: the connection ends with the answer, or it would wait for the rest.
  fastify.addHook('onSend', async ({ body }, reply) => {
    if (!isUpload(body) || body.complete) return;
    reply.header('connection', 'close');
    setImmediate(() => body.unpipe().resume()); // once its reader has let go of it
  });
}

export function isUpload(body: unknown): body is Upload {
  return body instanceof Readable;
}
