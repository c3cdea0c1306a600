/**
 * A server for the dashboard that answers at once: what is measured is the page. It knows one image, whose zones
 * are made as they are asked for, and which changes some of them many times a second.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Zone, ZoneCondition } from '@zonelab/qcow2-zoned';
import { MIB } from './workbench.ts';

export const IMAGE_ID = '01900000-0000-7000-8000-000000000001';

/** Changes a second, and zones that change in each. */
const UPDATES_PER_SECOND = 10;
const ZONES_PER_UPDATE = 200;

const CONDITIONS: readonly ZoneCondition[] = ['empty', 'implicit-open', 'closed', 'full'];
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

export class PageServer {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** Serves the built page in `folder`, with an image of so many zones. */
  static async start(folder: string, zoneCount: number): Promise<PageServer> {
    const server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://host');
      if (!pathname.startsWith('/v1/')) serveFile(response, folder, pathname);
      else if (pathname.endsWith('/zones/events')) streamChanges(request, response, zoneCount);
      else if (pathname.endsWith('/events')) beginStream(response);
      else if (pathname.endsWith('/zones')) reportZones(response, zoneCount, searchParams);
      else if (pathname === `/v1/images/${IMAGE_ID}`) answer(response, imageOf(zoneCount));
      else answer(response, { items: [], nextCursor: null });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new PageServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

function serveFile(response: ServerResponse, folder: string, pathname: string): void {
  const name = pathname === '/' ? 'index.html' : pathname.slice(1);
  response.setHeader('content-type', TYPES[path.extname(name)] ?? 'text/plain');
  response.end(readFileSync(path.join(folder, name)));
}

function answer(response: ServerResponse, body: object): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(body));
}

function reportZones(response: ServerResponse, zoneCount: number, query: URLSearchParams): void {
  const from = Number(query.get('from') ?? 0);
  const count = Math.min(Number(query.get('count') ?? 1000), zoneCount - from);
  const items = Array.from({ length: count }, (_, index) => zoneOf(from + index, 0));
  answer(response, { items, nextCursor: null });
}

function beginStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': begun\n\n');
}

function streamChanges(request: IncomingMessage, response: ServerResponse, zoneCount: number) {
  beginStream(response);
  response.write('event: reset\ndata: {}\n\n');
  let round = 0;
  const timer = setInterval(() => {
    round++;
    const items = Array.from({ length: Math.min(ZONES_PER_UPDATE, zoneCount) }, (_, index) =>
      zoneOf((round * 7919 + index * 101) % zoneCount, round),
    );
    response.write(`event: zones\ndata: ${JSON.stringify({ items })}\n\n`);
  }, 1000 / UPDATES_PER_SECOND);
  request.on('close', () => clearInterval(timer));
}

/** A zone as it is after so many rounds of changes. */
function zoneOf(index: number, round: number): Zone {
  const start = index * MIB;
  const condition = CONDITIONS[(index * 31 + round) % CONDITIONS.length] as ZoneCondition;
  const written = { empty: 0, full: MIB }[condition as 'empty'] ?? ((index + round) % 256) * 4096;
  return {
    ...{ index, type: 'sequential', condition, start, size: MIB, capacity: MIB },
    ...{ writePointer: start + written, resetCount: index % 17 },
  };
}

function imageOf(zoneCount: number): object {
  const now = new Date().toISOString();
  return {
    ...{ id: IMAGE_ID, name: 'large', status: 'ready', size: zoneCount * MIB, profile: 'zbc' },
    ...{ clusterSize: 65_536, zoneSize: MIB, zoneCapacity: MIB, zoneCount, conventionalZones: 0 },
    ...{ maxOpenZones: 0, maxActiveZones: 0, maxAppendSectors: 0, logicalBlockSize: 512 },
    ...{ backingImageId: null, pool: 'main', labels: {}, error: null, version: 1, progress: 1 },
    ...{ createdAt: now, updatedAt: now },
  };
}
