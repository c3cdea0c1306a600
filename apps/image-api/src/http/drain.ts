/** The end of the server: requests in hand may finish, but no client keeps the process from stopping. */

import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { DRAIN_MS } from '../limits.ts';

@Injectable()
export class Drain implements BeforeApplicationShutdown {
  constructor(private readonly host: HttpAdapterHost) {}

  beforeApplicationShutdown(): void {
    const server = this.host.httpAdapter.getHttpServer();
    setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
  }
}
