/**
 * Files that become images. What arrives lies under a temporary name until it has been looked at and found sound; an
 * upload that fails leaves nothing, and is begun again from its start.
 */

import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { Inject, Injectable } from '@nestjs/common';
import { Catalog, type NewImage, type QuotaOwner } from '@zonelab/catalog';
import { type Image, type ImportQuery, SECTOR_BYTES } from '@zonelab/contracts';
import { imageFolder, imagePath } from '@zonelab/platform';
import {
  checkImage,
  createImage,
  ImageError,
  type ImageErrorCode,
  inspectImage,
  ZonedDevice,
} from '@zonelab/qcow2-zoned';
import { ProblemError } from '../http/problem.ts';
import { invalidRequest } from '../http/validation.pipe.ts';
import { IMPORT_BLOCK_BYTES, MAX_IMPORT_BYTES, UPLOAD_IDLE_MS } from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { isUpload, type Upload } from './upload.ts';
import { unzstd } from './zstd.ts';

/** What is said of an image by its file. */
type Facts = Omit<NewImage, 'name' | 'pool' | 'labels' | 'owner'>;

@Injectable()
export class ImportService {
  constructor(
    private readonly catalog: Catalog,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {}

  async import(
    query: ImportQuery,
    body: unknown,
    encoding?: string,
    owner?: QuotaOwner,
  ): Promise<Image> {
    if (!isUpload(body))
      throw invalidRequest([
        { path: '', given: null, allowed: 'a body of application/octet-stream' },
      ]);
    const { name, format, label: labels = {} } = query;
    const [pool] = this.options.pools;
    const staged = join(pool.path, stagedName());
    try {
      const size = format === 'raw' ? rawSize(query, body, encoding) : undefined;
      const bytes = decoded(watched(body), encoding);
      const facts =
        size === undefined
          ? await receiveQcow2(bytes, staged)
          : await receiveRaw(bytes, staged, size);
      const row = { ...facts, name, labels, pool: pool.name, owner };
      const { id } = await this.catalog.images.create(row);
      await this.publish(staged, pool.name, id);
      return await this.catalog.images.markReady(id);
    } finally {
      await rm(staged, { force: true });
    }
  }

  private async publish(staged: string, pool: string, id: string): Promise<void> {
    const path = imagePath(this.options.pools, pool, id);
    try {
      await mkdir(dirname(path));
      await rename(staged, path);
      for (const folder of [dirname(path), dirname(dirname(path))]) await syncFolder(folder);
    } catch (error) {
      await this.catalog.images.remove(id);
      await rm(imageFolder(this.options.pools, pool, id), { recursive: true, force: true });
      throw error;
    }
  }
}

export function stagedName(): string {
  return `.import-${randomBytes(6).toString('hex')}.tmp`;
}

/** True for the file in a pool that an upload is written to; a process that was killed leaves it there. */
export function isStagedUpload(name: string): boolean {
  return /^\.import-[\da-f]{12}\.tmp$/.test(name);
}

/** Ends an upload that stands still. */
export function watched(body: Upload): Upload {
  body.setTimeout(UPLOAD_IDLE_MS, () => body.destroy(refused('the upload stands still')));
  return body;
}

/** Leaving the loop over the result does not end the connection that the answer goes through. */
function decoded(body: Upload, encoding = 'identity'): AsyncIterable<Buffer> {
  if (encoding === 'identity') return body.iterator({ destroyOnReturn: false });
  if (encoding === 'zstd') return unzstd(body.iterator({ destroyOnReturn: false }));
  if (encoding !== 'gzip')
    throw invalidRequest([
      { path: 'Content-Encoding', given: encoding, allowed: 'gzip, zstd or identity' },
    ]);
  const gunzip = createGunzip();
  body.once('error', (error) => gunzip.destroy(error));
  gunzip.on('error', () => undefined); // whoever reads it hears of it; nobody does once the body is refused
  return body.pipe(gunzip);
}

function rawSize({ size }: ImportQuery, { headers }: Upload, encoding = 'identity'): number {
  const length = Number(headers['content-length'] ?? Number.NaN);
  const bytes = size ?? (encoding === 'identity' ? length : Number.NaN);
  if (Number.isSafeInteger(bytes) && bytes > 0 && bytes % SECTOR_BYTES === 0) return bytes;
  const allowed = `the size of the disk, a multiple of ${SECTOR_BYTES}`;
  throw invalidRequest([{ path: 'size', given: size ?? null, allowed }]);
}

async function receiveQcow2(bytes: AsyncIterable<Buffer>, staged: string): Promise<Facts> {
  const file = await open(staged, 'wx', 0o640);
  try {
    let length = 0;
    for await (const chunk of bytes) {
      length += chunk.length;
      if (length > MAX_IMPORT_BYTES) throw tooLarge();
      await file.writeFile(chunk);
    }
    await file.datasync();
  } catch (cause) {
    throw asRefusal(cause);
  } finally {
    await file.close();
  }
  return examine(staged);
}

/** Refuses what a pool must not hold: files that name other files, encrypted ones, damaged ones. */
async function examine(path: string): Promise<Facts> {
  try {
    return await examineQcow2(path);
  } catch (cause) {
    if (!(cause instanceof ImageError && FAULTS_OF_THE_FILE.has(cause.code))) throw cause;
    const detail = cause.message.replaceAll(path, 'image');
    throw new ProblemError({ status: 422, code: cause.code, detail }, { cause });
  }
}

/** What is found in a file that a client sent is the client's fault, not the pool's. */
const FAULTS_OF_THE_FILE: ReadonlySet<ImageErrorCode> = new Set<ImageErrorCode>([
  'not_qcow2',
  'invalid_image',
  'unsupported_feature',
  'image_corrupt',
  'image_read_only',
]);

async function examineQcow2(path: string): Promise<Facts> {
  const info = await inspectImage(path);
  if (info.backingFile !== undefined)
    refuse('backing file', info.backingFile, 'an image that stands alone');
  if (info.dataFile !== undefined)
    refuse(
      'data file',
      info.dataFile.file ?? 'one without a name',
      'an image that holds its own data',
    );
  if (info.encrypted) refuse('encryption', 'encrypted', 'an image that is not encrypted');
  const { corruptions, zoneFaults, findings } = await checkImage(path);
  if (corruptions + zoneFaults > 0)
    refuse('image', findings[0]?.message ?? 'damaged', 'a sound image');
  const device = await ZonedDevice.open(path); // what cannot be written is no use here
  try {
    return factsOf(device);
  } finally {
    await device.close();
  }
}

/** A plain disk. Blocks of zeroes take no space. */
async function receiveRaw(
  bytes: AsyncIterable<Buffer>,
  staged: string,
  size: number,
): Promise<Facts> {
  await createImage(staged, { size });
  const device = await ZonedDevice.open(staged);
  try {
    let at = 0;
    for await (const block of blocksOf(bytes)) {
      if (at + block.length > size) refuse('body', `more than ${size} bytes`, `${size} bytes`);
      if (!isZero(block)) await device.write(at, padded(block));
      at += block.length;
    }
    if (at < size) refuse('body', `${at} bytes`, `${size} bytes`);
    return factsOf(device);
  } catch (cause) {
    throw asRefusal(cause);
  } finally {
    await device.close();
  }
}

async function* blocksOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of bytes) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (; rest.length >= IMPORT_BLOCK_BYTES; rest = rest.subarray(IMPORT_BLOCK_BYTES))
      yield rest.subarray(0, IMPORT_BLOCK_BYTES);
  }
  if (rest.length > 0) yield rest;
}

function isZero(block: Buffer): boolean {
  return block[0] === 0 && block.compare(block, 1, block.length, 0, block.length - 1) === 0;
}

/** The last block of a disk may end in mid-sector where its length was given; a device takes whole ones. */
function padded(block: Buffer): Buffer {
  const short = block.length % SECTOR_BYTES;
  return short === 0 ? block : Buffer.concat([block, Buffer.alloc(SECTOR_BYTES - short)]);
}

function factsOf({ size, clusterSize, logicalBlockSize, geometry }: ZonedDevice): Facts {
  if (!geometry) return { size, clusterSize, logicalBlockSize };
  const { size: _, logicalBlockSize: __, ...zoned } = geometry;
  return { size, clusterSize, logicalBlockSize, zoned };
}

/** What a client sent wrong is its own fault, whatever noticed it. */
export function asRefusal(cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (code.startsWith('Z_') || code === 'ECONNRESET')
    return refused(`the body ended or broke off: ${(cause as Error).message}`, cause);
  return cause;
}

function refused(detail: string, cause?: unknown): ProblemError {
  return new ProblemError({ status: 400, code: 'bad_request', detail }, { cause });
}

export function tooLarge(): ProblemError {
  const detail = `body: allowed are at most ${MAX_IMPORT_BYTES} bytes`;
  return new ProblemError({ status: 413, code: 'payload_too_large', detail });
}

function refuse(path: string, given: string, allowed: string): never {
  throw invalidRequest([{ path, given, allowed }]);
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
