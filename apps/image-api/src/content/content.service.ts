/** Contents of resting images as streams. While one is read, the lock on its file keeps writers out. */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import type { ContentQuery } from '@zonelab/contracts';
import { imagePath, poolFolders } from '@zonelab/platform';
import { ZonedDevice } from '@zonelab/qcow2-zoned';
import { CONTENT_CHUNK_BYTES, DOWNLOAD_WATCH_MS, MIN_DOWNLOAD_BYTES } from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { RestingImages } from '../zones/resting-images.ts';
import { type ByteRange, parseRange } from './byte-range.ts';

export interface Content {
  readonly fileName: string;
  /** Of the whole, in bytes. */
  readonly length: number;
  readonly range: ByteRange | 'whole' | 'unsatisfiable';
  /** Ends the reading of the image with it. */
  readonly stream: Readable;
}

@Injectable()
export class ContentService {
  constructor(
    private readonly catalog: Catalog,
    private readonly resting: RestingImages,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {}

  /** Ends a download whose client takes next to nothing: as long as it lasts, nobody can write the image. */
  watch(stream: Readable, { socket }: Pick<ServerResponse, 'socket'>): void {
    let taken = takenBy(socket);
    const timer = setInterval(() => {
      const now = takenBy(socket);
      if (now - taken < MIN_DOWNLOAD_BYTES) {
        stream.destroy(new Error('the download stands still'));
        socket?.destroy();
      }
      taken = now;
    }, this.options.downloadWatchMs ?? DOWNLOAD_WATCH_MS).unref();
    stream.once('close', () => clearInterval(timer));
  }

  /** Errors: `not_found`, `state_conflict`, `image_exported`. */
  async open(id: string, { format }: ContentQuery, rangeHeader?: string): Promise<Content> {
    return this.resting.whileClosed(id, async () => {
      const image = await this.catalog.images.getResting(id, 'its content');
      const path = imagePath(this.options.pools, image.pool, id);
      const allowedDirectories = poolFolders(this.options.pools);
      const device = await ZonedDevice.open(path, { readOnly: true, allowedDirectories });
      const length = format === 'raw' ? device.size : (await stat(path)).size;
      const range = parseRange(rangeHeader, length);
      const wanted = range === 'whole' ? { first: 0, last: length - 1 } : range;
      const stream =
        wanted === 'unsatisfiable'
          ? Readable.from([])
          : format === 'raw'
            ? Readable.from(diskBytes(device, wanted))
            : createReadStream(path, { start: wanted.first, end: wanted.last });
      stream.once('close', () => void device.close());
      return {
        fileName: `${image.name}.${format === 'raw' ? 'img' : format}`,
        length,
        range,
        stream,
      };
    });
  }
}

/** Bytes that the connection has taken so far: what waits in its buffer has not been. */
function takenBy(socket: Socket | null): number {
  return socket ? socket.bytesWritten - socket.writableLength : 0;
}

async function* diskBytes(device: ZonedDevice, { first, last }: ByteRange): AsyncGenerator<Buffer> {
  for (let at = first; at <= last; at += CONTENT_CHUNK_BYTES) {
    const chunk = Buffer.allocUnsafe(Math.min(CONTENT_CHUNK_BYTES, last + 1 - at));
    await readAnywhere(device, at, chunk);
    yield chunk;
  }
}

/** Devices are read in whole blocks. */
async function readAnywhere(device: ZonedDevice, offset: number, target: Buffer): Promise<void> {
  const block = device.logicalBlockSize;
  const from = offset - (offset % block);
  const to = Math.min(Math.ceil((offset + target.length) / block) * block, device.size);
  const blocks = Buffer.allocUnsafe(to - from);
  await device.read(from, blocks);
  blocks.copy(target, 0, offset - from);
}
