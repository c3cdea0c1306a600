/** What clients did since the catalog was last told: who is connected, and how much was read and written. */

import { Injectable } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import { Attachments } from './attachments.ts';
import { NbdFrontend } from './nbd-frontend.ts';

interface Told {
  readonly connections: number;
  readonly requests: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

const NOTHING: Told = { connections: 0, requests: 0, readBytes: 0, writtenBytes: 0 };

@Injectable()
export class Sightings {
  private told = new Map<string, Told>();

  constructor(
    private readonly catalog: Catalog,
    private readonly frontend: NbdFrontend,
    private readonly attachments: Attachments,
  ) {}

  /** Tells the catalog of exports that have clients, or had some since. What fails is told the next time. */
  async tell(gatewayId: string): Promise<void> {
    const now = new Map<string, Told>();
    const news = this.attachments.list().flatMap(({ exportId, name }) => {
      const stats = this.frontend.server.stats(name);
      if (!stats) return [];
      const { connections, requests, readBytes, writtenBytes } = stats;
      now.set(exportId, { connections, requests, readBytes, writtenBytes });
      const last = this.told.get(exportId) ?? NOTHING;
      // counters start anew with an export that was attached anew
      const before = requests < last.requests ? NOTHING : last;
      const seen = connections > 0 || requests > before.requests;
      if (!seen && last.connections === 0) return [];
      return {
        exportId,
        seen,
        connections,
        readBytes: readBytes - before.readBytes,
        writtenBytes: writtenBytes - before.writtenBytes,
      };
    });
    if (news.length > 0) await this.catalog.exports.noteClients(gatewayId, news);
    this.told = now;
  }
}
