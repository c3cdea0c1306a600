/** Calls of the C library, with Linux's numbers and, on 64 bits, its structures. */
import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import type { LockCalls, SpaceCalls } from './host-calls.ts';

interface ForeignFunctions {
  load(library: null): { func(prototype: string): (...args: unknown[]) => number };
  errno(): number;
}

/** lseek(2). */
const SEEK_DATA = 3;
const SEEK_HOLE = 4;

/** fallocate(2): the length of the file stays, and the range becomes a hole. */
const FALLOC_PUNCH_HOLE = 0x01 | 0x02;

/** fcntl(2): locks of the open file description. */
const F_OFD_SETLK = 37;
const LOCK = { shared: 0, exclusive: 1, none: 2 } as const;
const LOCK_IS_TAKEN = ['EAGAIN', 'EACCES'];

let calls: (LockCalls & SpaceCalls) | null | undefined;

/**
 * Loaded at the first call, which costs some 10 ms; undefined where the host is none that we know the calls of. They
 * throw errors with the `code` that Node's own have.
 */
export function cLibrary(): (LockCalls & SpaceCalls) | undefined {
  if (calls === undefined) calls = load() ?? null;
  return calls ?? undefined;
}

function load(): (LockCalls & SpaceCalls) | undefined {
  // elsewhere the numbers differ, and with 32 bits the width of an offset does
  if (process.platform !== 'linux' || !/64$/.test(process.arch)) return undefined;
  try {
    const foreign = createRequire(import.meta.url)('koffi') as ForeignFunctions;
    return { ...bindSpace(foreign), ...bindLocks(foreign) };
  } catch {
    return undefined; // there is no binary for this machine: the callers have another way
  }
}

function bindSpace(foreign: ForeignFunctions): SpaceCalls {
  const library = foreign.load(null);
  const lseek = library.func('int64_t lseek(int fd, int64_t offset, int whence)');
  const fallocate = library.func('int fallocate(int fd, int mode, int64_t offset, int64_t length)');
  return {
    nextData(fd, offset) {
      try {
        return checked(foreign, () => lseek(fd, offset, SEEK_DATA));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENXIO') return undefined;
        throw error;
      }
    },
    nextHole: (fd, offset) => checked(foreign, () => lseek(fd, offset, SEEK_HOLE)),
    allocate: (fd, offset, length) => {
      checked(foreign, () => fallocate(fd, 0, offset, length));
    },
    punch: (fd, offset, length) => {
      checked(foreign, () => fallocate(fd, FALLOC_PUNCH_HOLE, offset, length));
    },
  };
}

function bindLocks(foreign: ForeignFunctions): LockCalls {
  // its third argument is variable, but goes where a fixed one does
  const fcntl = foreign.load(null).func('int fcntl(int fd, int command, void *lock)');
  const setLock = (fd: number, range: ByteRange, type: number): boolean => {
    try {
      checked(foreign, () => fcntl(fd, F_OFD_SETLK, lockRecord(range, type)));
      return true;
    } catch (error) {
      if (LOCK_IS_TAKEN.includes((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    }
  };
  return {
    tryLock: (fd, offset, length, { shared }) =>
      setLock(fd, { offset, length }, shared ? LOCK.shared : LOCK.exclusive),
    tryDowngradeLock: (fd, offset, length) => setLock(fd, { offset, length }, LOCK.shared),
    unlock: (fd, offset, length) => void setLock(fd, { offset, length }, LOCK.none),
  };
}

interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * `struct flock`, 32 bytes in the machine's byte order.
 *
 * | bytes | field                              |
 * |-------|------------------------------------|
 * | 0-1   | l_type                             |
 * | 2-3   | l_whence: 0, from the file's start |
 * | 8-15  | l_start                            |
 * | 16-23 | l_len                              |
 * | 24-27 | l_pid: 0                           |
 */
function lockRecord({ offset, length }: ByteRange, type: number): Uint8Array {
  const record = new Uint8Array(32);
  new Int16Array(record.buffer).set([type]);
  new BigInt64Array(record.buffer).set([BigInt(offset), BigInt(length)], 1);
  return record;
}

/** The result of a call, made again where a signal broke it off. */
function checked(foreign: ForeignFunctions, call: () => number): number {
  for (;;) {
    const result = call();
    if (result >= 0) return result;
    const code = getSystemErrorName(-foreign.errno());
    if (code !== 'EINTR') throw Object.assign(new Error(code), { code });
  }
}
