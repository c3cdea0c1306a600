/**
 * Locks an image file as QEMU does, so that its tools and ours refuse each other's open images: shared one-byte
 * locks of the open file description. Byte 100 + i says "I use permission i", byte 200 + i "I share permission i
 * with nobody"; i: 0 consistent read, 1 write, 2 write unchanged, 3 resize.
 *
 * A lock goes with the descriptor that took it, whatever happens to the process.
 */
import fs from 'node:fs';
import { ImageError } from './errors.ts';
import { lockCalls } from './host-calls.ts';

const USES = 100;
const KEEPS = 200;
const READ = 0;
const WRITE = 1;
const RESIZE = 3;

const HELD = {
  reader: [USES + READ, KEEPS + WRITE, KEEPS + RESIZE],
  writer: [USES + READ, USES + WRITE, USES + RESIZE, KEEPS + WRITE, KEEPS + RESIZE],
} as const;

/** Bytes that nobody else may hold. */
const FREE = {
  reader: [KEEPS + READ, USES + WRITE, USES + RESIZE],
  writer: [KEEPS + READ, USES + WRITE, USES + RESIZE, KEEPS + WRITE, KEEPS + RESIZE],
} as const;

/**
 * Locks an open file until its descriptor is closed. Throws `image_in_use` where another process, or another
 * descriptor of this one, has it open in a way that excludes us.
 */
export function lockImage(fd: number, path: string, role: 'reader' | 'writer'): void {
  const { tryLock } = lockCalls();
  for (const byte of HELD[role]) if (!tryLock(fd, byte, 1, { shared: true })) throw inUse(path);
  const probe = role === 'writer' ? fd : openToProbe(path);
  if (probe === undefined) return;
  try {
    for (const byte of FREE[role]) if (!isFree(probe, byte, role)) throw inUse(path);
  } finally {
    if (probe !== fd) fs.closeSync(probe);
  }
}

/** Tries the exclusive lock of a byte, and goes back to what is held of it. */
function isFree(fd: number, byte: number, role: 'reader' | 'writer'): boolean {
  const { tryLock, tryDowngradeLock, unlock } = lockCalls();
  if (!tryLock(fd, byte, 1, { shared: false })) return false;
  const held: readonly number[] = role === 'writer' ? HELD.writer : [];
  if (held.includes(byte)) tryDowngradeLock(fd, byte, 1);
  else unlock(fd, byte, 1);
  return true;
}

/**
 * An exclusive lock needs a descriptor that may write. Where the file may not be written, readers hold their own
 * locks, which a later writer respects, and cannot see an earlier one.
 */
function openToProbe(path: string): number | undefined {
  try {
    return fs.openSync(path, 'r+');
  } catch {
    return undefined;
  }
}

function inUse(path: string): ImageError {
  return new ImageError(
    'image_in_use',
    `${path}: the image is in use by another process, or open twice in this one`,
    { path },
  );
}
