/** System calls that Node itself does not make: open file description locks, and holes punched into files. */
import { createRequire } from 'node:module';

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
