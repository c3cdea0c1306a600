/**
 * The file below an image, as narrow as the engine needs it. Reads and writes are synchronous: on a cached
 * file the call costs less than a hop through the thread pool. Only the sync to stable storage waits.
 */
import fs from 'node:fs';
import { ImageError } from './errors.ts';
import { punchHole, spaceCalls } from './host-calls.ts';
import { lockImage } from './image-lock.ts';

export interface BlockFile {
  readonly path: string;
  /** Current length in bytes. */
  readonly length: number;
  /** Fills `target` from `position`; bytes past the end of the file read as zeroes. */
  read(target: Uint8Array, position: number): void;
  /** The same in a thread of its own: for long runs, beside which other work goes on. */
  readAsync?(target: Uint8Array, position: number): Promise<void>;
  /** Writes all of `data` at `position`, growing the file as needed. */
  write(data: Uint8Array, position: number): void;
  /** Resolves when everything written before the call is on stable storage (fdatasync). */
  sync(): Promise<void>;
  /** The same, waiting in place. For the rare step that nothing may overtake. */
  syncNow(): void;
  truncate(length: number): void;
  /** Gives the space of a range back, which then reads as zeroes; false where the host cannot, and nothing changed. */
  punch?(position: number, length: number): boolean;
  /** What begins at a position inside the file; undefined where the host does not tell. */
  stretch?(position: number): Stretch | undefined;
  /**
   * Takes the space of a range, so that later writes there do not run out of it; the file grows as needed, and what is
   * there stays. False where the host cannot, and nothing changed. Throws `no_space`.
   */
  allocate?(position: number, length: number): boolean;
  close(): void;
}

/** A part of a file, up to `end`, that holds data, or a hole, which reads as zeroes. */
export interface Stretch {
  readonly end: number;
  readonly hole: boolean;
}

function hostError(operation: string, path: string, cause: unknown): ImageError {
  const { code } = cause as NodeJS.ErrnoException;
  const context = { path };
  if (code === 'ENOENT')
    return new ImageError('file_not_found', `${path}: no such file`, context, { cause });
  if (code === 'EEXIST')
    return new ImageError('file_exists', `${path}: the file exists already`, context, { cause });
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new ImageError('no_space', `${path}: no space left (${operation})`, context, { cause });
  return new ImageError('io_error', `${path}: ${operation} failed: ${code}`, context, { cause });
}

const STAT_BLOCK_BYTES = 512;

/** A regular file of the host. */
export class HostFile implements BlockFile {
  #length: number;
  #closed = false;

  private constructor(
    readonly path: string,
    private readonly fd: number,
    private readonly syncs: boolean,
  ) {
    this.#length = fs.fstatSync(fd).size;
  }

  /**
   * Opens an existing file. `sync: false`: syncs do nothing, for files that nobody relies on yet. Errors:
   * `file_not_found`, `io_error`.
   */
  static open(path: string, options: { readOnly: boolean; sync?: boolean }): HostFile {
    return HostFile.#open(path, options.readOnly ? 'r' : 'r+', options.sync);
  }

  /** Creates a new, empty file. `sync` as for `open`. Errors: `file_exists`, `no_space`, `io_error`. */
  static create(path: string, { sync }: { sync?: boolean } = {}): HostFile {
    return HostFile.#open(path, 'wx+', sync);
  }

  static #open(path: string, flags: string, syncs = true): HostFile {
    let fd: number;
    try {
      fd = fs.openSync(path, flags, 0o640);
    } catch (cause) {
      throw hostError('open', path, cause);
    }
    if (fs.fstatSync(fd).isFile()) return new HostFile(path, fd, syncs);
    fs.closeSync(fd);
    throw new ImageError('io_error', `${path}: not a regular file`, { path });
  }

  get length(): number {
    return this.#length;
  }

  /** Keeps others out until the file is closed (`lockImage`). Throws `image_in_use`. */
  lock(role: 'reader' | 'writer'): void {
    lockImage(this.fd, this.path, role);
  }

  /** The same for every name of one file, and for no other file. */
  get identity(): string {
    const { dev, ino } = fs.fstatSync(this.fd, { bigint: true });
    return `${dev}:${ino}`;
  }

  /** Bytes that the file occupies on its file system. */
  get occupied(): number {
    return fs.fstatSync(this.fd).blocks * STAT_BLOCK_BYTES;
  }

  read(target: Uint8Array, position: number): void {
    let done = 0;
    try {
      while (done < target.length) {
        const count = fs.readSync(this.fd, target, done, target.length - done, position + done);
        if (count === 0) break;
        done += count;
      }
    } catch (cause) {
      throw hostError('read', this.path, cause);
    }
    target.fill(0, done);
  }

  readAsync(target: Uint8Array, position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const readFrom = (done: number): void => {
        const left = target.length - done;
        fs.read(this.fd, target, done, left, position + done, (cause, count) => {
          if (cause) reject(hostError('read', this.path, cause));
          else if (count > 0 && count < left) readFrom(done + count);
          else {
            target.fill(0, done + count);
            resolve();
          }
        });
      };
      readFrom(0);
    });
  }

  write(data: Uint8Array, position: number): void {
    let done = 0;
    try {
      while (done < data.length)
        done += fs.writeSync(this.fd, data, done, data.length - done, position + done);
    } catch (cause) {
      throw hostError('write', this.path, cause);
    } finally {
      this.#length = Math.max(this.#length, position + done);
    }
  }

  sync(): Promise<void> {
    if (!this.syncs) return Promise.resolve();
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.fd, (cause) =>
        cause ? reject(hostError('fdatasync', this.path, cause)) : resolve(),
      );
    });
  }

  syncNow(): void {
    if (!this.syncs) return;
    try {
      fs.fdatasyncSync(this.fd);
    } catch (cause) {
      throw hostError('fdatasync', this.path, cause);
    }
  }

  truncate(length: number): void {
    try {
      fs.ftruncateSync(this.fd, length);
    } catch (cause) {
      throw hostError('truncate', this.path, cause);
    }
    this.#length = length;
  }

  punch(position: number, length: number): boolean {
    try {
      punchHole(this.fd, position, length);
      return true;
    } catch {
      return false;
    }
  }

  stretch(position: number): Stretch | undefined {
    try {
      const calls = spaceCalls();
      if (calls === undefined) return undefined;
      const data = calls.nextData(this.fd, position);
      if (data !== position) return { end: data ?? this.#length, hole: true };
      return { end: calls.nextHole(this.fd, position), hole: false };
    } catch {
      return undefined;
    }
  }

  allocate(position: number, length: number): boolean {
    try {
      const calls = spaceCalls();
      if (calls === undefined) return false;
      calls.allocate(this.fd, position, length);
    } catch (cause) {
      const error = hostError('fallocate', this.path, cause);
      if (error.code === 'no_space') throw error;
      return false;
    }
    this.#length = Math.max(this.#length, position + length);
    return true;
  }

  /** Once is enough: after that the number of the descriptor may be another file's. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    fs.closeSync(this.fd);
  }
}

/** Makes the creation or renaming of `directory`'s entries durable. */
export function syncDirectory(directory: string): void {
  const fd = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
