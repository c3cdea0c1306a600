/** Where an image lies: `<pool>/<image-id>/image.qcow2`, and beside it whatever belongs to it. */

import { join } from 'node:path';
import type { Pool } from './config.ts';
import { PlatformError } from './errors.ts';

/** @throws PlatformError `unknown_pool` */
export function imageFolder(pools: readonly Pool[], poolName: string, imageId: string): string {
  const pool = pools.find(({ name }) => name === poolName);
  if (pool) return join(pool.path, imageId);
  const known = pools.map(({ name }) => name).join(', ');
  throw new PlatformError('unknown_pool', `pool: got ${poolName}, this process reaches ${known}`);
}

/** @throws PlatformError `unknown_pool` */
export function imagePath(pools: readonly Pool[], poolName: string, imageId: string): string {
  return join(imageFolder(pools, poolName, imageId), 'image.qcow2');
}

/** The folder of a pool's traces. @throws PlatformError `unknown_pool` */
export function traceFolder(pools: readonly Pool[], poolName: string): string {
  return imageFolder(pools, poolName, 'traces');
}

/** The folders that files of images may lie in, backing files too. */
export function poolFolders(pools: readonly Pool[]): string[] {
  return pools.map(({ path }) => path);
}
