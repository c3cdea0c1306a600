/** `/healthz`: the process runs. `/readyz`: it serves, and the catalog knows it as alive. `/metrics`: what it does. */

import { createServer, type Server, type ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { Config, Logger } from '@zonelab/platform';
import { Heartbeat } from './heartbeat.ts';
import { Metrics } from './metrics.ts';
import { CONFIG, LOGGER } from './tokens.ts';

@Injectable()
export class HealthServer {
  private readonly server: Server;
  /** Set once exports have been restored and jobs are taken. */
  started = false;

  constructor(
    private readonly heartbeat: Heartbeat,
    private readonly metrics: Metrics,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.server = createServer((request, response) => this.answer(request.url, response));
  }

  /** The port that it listens on, where any free one was asked for. */
  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  /** @throws where the port is taken */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.config.port, this.config.bind, resolve);
    });
  }

  async stop(): Promise<void> {
    this.started = false;
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private answer(url: string | undefined, response: ServerResponse): void {
    if (url === '/metrics') void this.answerMetrics(response);
    else if (url === '/healthz') reply(response, 200, 'ok');
    else if (url !== '/readyz') reply(response, 404, 'not found');
    else if (this.started && this.heartbeat.alive) reply(response, 200, 'ready');
    else reply(response, 503, 'not ready');
  }

  private async answerMetrics(response: ServerResponse): Promise<void> {
    try {
      const text = await this.metrics.text();
      response.writeHead(200, { 'content-type': this.metrics.contentType });
      response.end(text);
    } catch (err) {
      this.logger.error({ err }, 'metrics failed');
      reply(response, 500, 'failed');
    }
  }
}

function reply(response: ServerResponse, code: number, status: string): void {
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ status }));
}
