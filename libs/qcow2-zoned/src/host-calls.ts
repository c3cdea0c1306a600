/**
 * System calls that Node itself does not make: open file description locks, holes punched into files and found in them,
 * and space taken in advance.
 */
import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';

export interface HostCalls {
  /** False where another open file description is in the way. */
  tryLock(fd: number, offset: number, length: number, options: { shared: boolean }): boolean;
  tryDowngradeLock(fd: number, offset: number, length: number): boolean;
  unlock(fd: number, offset: number, length: number): void;
  /** Throws where the file system cannot. The length of the file stays. */
  trimSync(fd: number, offset: number, length: number): void;
}

/** Locks of the open file description, which QEMU takes, are Linux's. */
export const locksWork = process.platform === 'linux';

let calls: HostCalls | undefined;

/** Loaded at the first call: reading a header needs none, and loading costs more than reading. */
export function hostCalls(): HostCalls {
  calls ??= createRequire(import.meta.url)('fs-native-extensions') as HostCalls;
  return calls;
}

/** Where files hold data, and space for it. Offsets and lengths are bytes. */
export interface SpaceCalls {
  /** The first byte of data from `offset` on; undefined where none is left before the end of the file. */
  nextData(fd: number, offset: number): number | undefined;
  /** The first byte of a hole from `offset`, inside the file, on; the end of the file is one. */
  nextHole(fd: number, offset: number): number;
  /** Takes the space of a range, and makes the file longer where it ends before. */
  allocate(fd: number, offset: number, length: number): void;
}

interface ForeignFunctions {
  load(library: null): { func(prototype: string): (...args: number[]) => number };
  errno(): number;
}

/** lseek(2), with Linux's numbers. */
const SEEK_DATA = 3;
const SEEK_HOLE = 4;

let space: SpaceCalls | null | undefined;

/**
 * Loaded at the first call, which costs some 10 ms; undefined where the host is none that we know the calls of. They
 * throw errors with the `code` that Node's own have.
 */
export function spaceCalls(): SpaceCalls | undefined {
  if (space === undefined) space = loadSpaceCalls() ?? null;
  return space ?? undefined;
}

function loadSpaceCalls(): SpaceCalls | undefined {
  // elsewhere the numbers differ, and with 32 bits the width of an offset does
  if (process.platform !== 'linux' || !/64$/.test(process.arch)) return undefined;
  try {
    return bindSpaceCalls(createRequire(import.meta.url)('koffi') as ForeignFunctions);
  } catch {
    return undefined; // there is no binary for this machine: the callers have another way
  }
}

function bindSpaceCalls(foreign: ForeignFunctions): SpaceCalls {
  const library = foreign.load(null);
  const lseek = library.func('int64_t lseek(int fd, int64_t offset, int whence)');
  const fallocate = library.func('int fallocate(int fd, int mode, int64_t offset, int64_t length)');
  const call = (made: () => number): number => {
    for (;;) {
      const result = made();
      if (result >= 0) return result;
      const code = getSystemErrorName(-foreign.errno());
      if (code !== 'EINTR') throw Object.assign(new Error(code), { code });
    }
  };
  return {
    nextData(fd, offset) {
      try {
        return call(() => lseek(fd, offset, SEEK_DATA));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENXIO') return undefined;
        throw error;
      }
    },
    nextHole: (fd, offset) => call(() => lseek(fd, offset, SEEK_HOLE)),
    allocate: (fd, offset, length) => void call(() => fallocate(fd, 0, offset, length)),
  };
}
