/** `/healthz`: the process answers. `/readyz`: so do the servers that it needs. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplicationContext } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import { ExperimentQueue } from './experiments/experiment-queue.ts';
import { READINESS_TIMEOUT_MS } from './limits.ts';

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @param port 0 takes any free one. */
export async function serveHealth(
  worker: INestApplicationContext,
  host: string,
  port: number,
): Promise<HealthServer> {
  const catalog = worker.get(Catalog);
  const queue = worker.get(ExperimentQueue);
  const server = createServer(async ({ url, method }, response) => {
    if (method !== 'GET') answer(response, 405, { status: 'GET only' });
    else if (url === '/healthz') answer(response, 200, { status: 'ok' });
    else if (url === '/readyz') {
      const [postgres, redis] = await Promise.all([
        isUp(() => catalog.ping()),
        isUp(() => queue.ping()),
      ]);
      answer(response, postgres && redis ? 200 : 503, { postgres, redis });
    } else answer(response, 404, { status: 'no such page' });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function isUp(ping: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), READINESS_TIMEOUT_MS);
  });
  const up = ping().then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([up, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
