/**
 * System calls that Node itself does not make: open file description locks, holes punched into files and found in them,
 * and space taken in advance.
 */
import { createRequire } from 'node:module';
import { cLibrary } from './c-library.ts';

/** Locks of the open file description on ranges of bytes. Errors other than those told of have a `code`, as Node's. */
export interface LockCalls {
  /** False where another open file description is in the way. */
  tryLock(fd: number, offset: number, length: number, options: { shared: boolean }): boolean;
  tryDowngradeLock(fd: number, offset: number, length: number): boolean;
  unlock(fd: number, offset: number, length: number): void;
}

/** Where files hold data, and space for it. Offsets and lengths are bytes. */
export interface SpaceCalls {
  /** The first byte of data from `offset` on; undefined where none is left before the end of the file. */
  nextData(fd: number, offset: number): number | undefined;
  /** The first byte of a hole from `offset`, inside the file, on; the end of the file is one. */
  nextHole(fd: number, offset: number): number;
  /** Takes the space of a range, and makes the file longer where it ends before. */
  allocate(fd: number, offset: number, length: number): void;
  /** Gives the space of a range back. Throws where the file system cannot. The length of the file stays. */
  punch(fd: number, offset: number, length: number): void;
}

/** What fs-native-extensions offers of both. */
interface Addon extends LockCalls {
  trimSync(fd: number, offset: number, length: number): void;
}

/** Locks of the open file description, which QEMU takes, are Linux's. */
export const locksWork = process.platform === 'linux';

let addon: Addon | undefined;

/** An addon for the hosts whose C library is not known, which loads more slowly. */
function fallback(): Addon {
  addon ??= createRequire(import.meta.url)('fs-native-extensions') as Addon;
  return addon;
}

/** Loaded at the first call: reading a header needs none, and loading costs more than reading. */
export function lockCalls(): LockCalls {
  return cLibrary() ?? fallback();
}

/** Undefined where the host is none that we know the calls of. */
export function spaceCalls(): SpaceCalls | undefined {
  return cLibrary();
}

/** `SpaceCalls.punch`, on every host that can. */
export function punchHole(fd: number, offset: number, length: number): void {
  const calls = cLibrary();
  if (calls === undefined) fallback().trimSync(fd, offset, length);
  else calls.punch(fd, offset, length);
}
