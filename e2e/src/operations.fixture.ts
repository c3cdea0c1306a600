/** Random operations on a lab, and what of them was acknowledged. */

import type { Export, Image, Problem, Zone } from '@zonelab/contracts';
import { NbdClient } from '@zonelab/nbd';

export const ZONE_BYTES = 1024 ** 2;
const BLOCK = 4096;

export interface Answer<T = unknown> {
  /** Undefined: nobody knows what became of it. */
  readonly status: number | undefined;
  readonly body: T;
}

export type Ask = <T>(method: string, path: string, body?: unknown) => Promise<Answer<T>>;

/** One image of a client, as far as its answers tell. */
export interface KnownImage {
  readonly name: string;
  readonly id: string;
  /** `perhaps`: its deletion was asked for, and nobody answered. */
  fate: 'there' | 'gone' | 'perhaps';
  /** One that was promised, and not asked to go. */
  exportId: string | undefined;
  /** Bytes of zone 0 that were written and flushed, block by block. */
  acknowledged: number[];
}

/** A client of its own images: nobody else changes them. */
export class RandomClient {
  readonly images: KnownImage[] = [];
  readonly counts = new Map<string, number>();

  constructor(
    private readonly name: string,
    private readonly ask: Ask,
    private readonly random: () => number,
  ) {}

  async step(): Promise<void> {
    const image = this.pick();
    const draw = this.random();
    if (image === undefined || draw < 0.2) return this.create();
    if (draw < 0.3) return this.note('delete', () => this.delete(image));
    if (draw < 0.45) return this.note('export', () => this.export(image));
    if (draw < 0.53) return this.note('unexport', () => this.unexport(image));
    if (draw < 0.75) return this.note('write', () => this.write(image));
    if (draw < 0.8) return this.note('check', () => this.post(image, 'check', { repair: 'leaks' }));
    if (draw < 0.85)
      return this.note('snapshot', () => this.post(image, 'snapshots', this.fresh()));
    if (draw < 0.9) return this.note('resize', () => this.post(image, 'resize', { size: '24M' }));
    if (draw < 0.95) return this.note('zone', () => this.post(image, 'zones/3/finish'));
    return this.note('convert', () => this.post(image, 'convert', this.fresh()));
  }

  private async create(): Promise<void> {
    const { name } = this.fresh();
    const disk = { name, size: '16M', zoneSize: ZONE_BYTES };
    const { status, body } = await this.ask<Image>('POST', '/v1/images', disk);
    this.count('create', status);
    if (status !== 201) return;
    const { id } = body;
    const known = { name, id, exportId: undefined, acknowledged: [] };
    this.images.push({ ...known, fate: 'there' });
  }

  private async delete(image: KnownImage): Promise<number | undefined> {
    const { status } = await this.ask('DELETE', `/v1/images/${image.id}`);
    if (status === 204) image.fate = 'gone';
    else if (status === undefined || status >= 500) image.fate = 'perhaps';
    return status;
  }

  private async export(image: KnownImage): Promise<number | undefined> {
    const wanted = { imageId: image.id };
    const { status, body } = await this.ask<Export>('POST', '/v1/exports', wanted);
    if (status === 201) image.exportId = body.id;
    return status;
  }

  private async unexport(image: KnownImage): Promise<number | undefined> {
    const { exportId } = image;
    if (exportId === undefined) return 0;
    const { status } = await this.ask('DELETE', `/v1/exports/${exportId}`);
    image.exportId = undefined; // whatever became of it: it is promised no more
    return status;
  }

  /** A block behind those that are there, through the gateway, and flushed. */
  private async write(image: KnownImage): Promise<number | undefined> {
    if (image.exportId === undefined) return 0;
    const { status, body } = await this.ask<Export>('GET', `/v1/exports/${image.exportId}`);
    if (status !== 200 || body.status !== 'active' || body.uri === null) return 0;
    const { body: zone } = await this.ask<{ items: Zone[] }>(
      'GET',
      `/v1/images/${image.id}/zones?count=1`,
    );
    const at = zone?.items?.[0]?.writePointer;
    if (at === undefined || at >= ZONE_BYTES) return 0;
    const value = 1 + Math.floor(this.random() * 255);
    const client = await NbdClient.connect(body.uri).catch(() => undefined);
    try {
      await client?.write(at, Buffer.alloc(BLOCK, value));
      await client?.flush();
      if (client === undefined) return undefined;
      image.acknowledged[at / BLOCK] = value;
      return 200;
    } catch {
      return undefined; // the gateway died under it
    } finally {
      await client?.disconnect().catch(() => undefined);
    }
  }

  private async post(image: KnownImage, what: string, body?: object): Promise<number | undefined> {
    return (await this.ask<Problem>('POST', `/v1/images/${image.id}/${what}`, body)).status;
  }

  private pick(): KnownImage | undefined {
    const there = this.images.filter(({ fate }) => fate === 'there');
    return there[Math.floor(this.random() * there.length)];
  }

  private fresh(): { name: string } {
    return { name: `${this.name}-${Math.floor(this.random() * 1e9)}` };
  }

  private async note(what: string, act: () => Promise<number | undefined>): Promise<void> {
    this.count(what, await act());
  }

  private count(what: string, status: number | undefined): void {
    const key = `${what} ${status ?? 'unknown'}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }
}
