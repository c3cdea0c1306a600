/** The dashboard: static files at `/`, for everyone. What they show is asked of `/v1`, with a key. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** The page loads its own files and asks its own server; it runs no inline code and cannot be framed. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A file under `assets` has a name that changes with its content. */
const UNCHANGING = 'public, max-age=31536000, immutable';

/** Serves the files of `folder`; a path that is none of them stays a problem, as before. */
export async function serveDashboard(app: NestFastifyApplication, folder: string): Promise<void> {
  const assets = join(folder, 'assets');
  await app.register(fastifyStatic, {
    root: folder,
    wildcard: false,
    decorateReply: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('content-security-policy', POLICY);
      reply.header('cache-control', path.startsWith(assets) ? UNCHANGING : 'no-cache');
    },
  });
}

/** Where the workspace's build puts it, beside this app; undefined where it was not built. */
export function builtDashboard(): string | undefined {
  const folder = join(import.meta.dirname, '../../../dashboard/dist/page');
  return existsSync(join(folder, 'index.html')) ? folder : undefined;
}
