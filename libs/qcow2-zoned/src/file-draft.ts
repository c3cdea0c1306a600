/** A file that is written under a temporary name and gets its own when it is whole and durable. */
import fs from 'node:fs';
import path from 'node:path';
import { ImageError } from './errors.ts';
import { HostFile, syncDirectory } from './file.ts';

const PERMISSION_BITS = 0o7777;

/** A name beside `target`. That nobody has it yet is seen when the file is created. */
export function temporaryName(target: string): string {
  // it need not be a secret, and node:crypto takes long to load
  const unique = Math.floor(Math.random() * 2 ** 48).toString(16);
  return `${target}.${unique.padStart(12, '0')}.tmp`;
}

export interface Durability {
  /** The file is on stable storage, under its name, when it is published. Default true. */
  readonly durable?: boolean | undefined;
}

export class FileDraft {
  readonly #temporary: string;
  #closed = false;

  private constructor(
    /** The name that the file is to have, symbolic links followed. */
    private readonly target: string,
    /** The file that is to be replaced, held so that nobody opens it meanwhile. */
    private readonly old: HostFile | undefined,
    readonly file: HostFile,
    private readonly durable: boolean,
  ) {
    this.#temporary = file.path;
  }

  /**
   * Throws `file_exists` where there is such a file and `overwrite` is false, `image_in_use` where somebody has it
   * open, `file_not_found` where there is no such folder.
   */
  static begin(
    file: string,
    { overwrite, durable = true }: Durability & { readonly overwrite: boolean },
  ): FileDraft {
    const target = overwrite && fs.existsSync(file) ? fs.realpathSync(file) : file;
    const exists = fs.lstatSync(target, { throwIfNoEntry: false }) !== undefined;
    if (exists && !overwrite) throw fileExists(file);
    const folder = path.dirname(target);
    if (!fs.existsSync(folder))
      throw new ImageError('file_not_found', `${file}: there is no folder ${folder}`, {
        path: file,
      });
    const old = exists ? HostFile.open(target, { readOnly: false }) : undefined;
    try {
      old?.lock('writer');
      const temporary = temporaryName(target);
      const draft = HostFile.create(temporary, { sync: durable });
      return new FileDraft(target, old, draft, durable);
    } catch (error) {
      old?.close();
      throw error;
    }
  }

  /** Throws `file_exists` where another has taken the name meanwhile. */
  async publish(): Promise<void> {
    if (this.old !== undefined)
      fs.chmodSync(this.#temporary, fs.statSync(this.target).mode & PERMISSION_BITS);
    await this.file.sync();
    this.#close();
    if (this.old === undefined) publish(this.#temporary, this.target, this.durable);
    else {
      fs.renameSync(this.#temporary, this.target);
      if (this.durable) syncDirectory(path.dirname(this.target));
    }
  }

  /** To come last in any case: removes what was not published. */
  discard(): void {
    this.#close();
    fs.rmSync(this.#temporary, { force: true });
    this.old?.close();
  }

  #close(): void {
    if (!this.#closed) this.file.close();
    this.#closed = true;
  }
}

/** Gives a finished file its name, unless another has taken it meanwhile (`file_exists`). */
export function publish(temporary: string, file: string, durable = true): void {
  try {
    fs.linkSync(temporary, file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw fileExists(file, cause);
  }
  fs.rmSync(temporary);
  if (durable) syncDirectory(path.dirname(file));
}

function fileExists(file: string, cause?: unknown): ImageError {
  return new ImageError(
    'file_exists',
    `${file}: the file exists already`,
    { path: file },
    { cause },
  );
}
