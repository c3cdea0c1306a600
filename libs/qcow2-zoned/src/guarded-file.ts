/** A file whose changes must be allowed one by one: for owners that can lose the right to write. */
import type { BlockFile, Stretch } from './file.ts';

/** Called before every change of a file; what it throws stops the change and goes to the caller. */
export type WriteGuard = () => void;

export class GuardedFile implements BlockFile {
  constructor(
    private readonly file: BlockFile,
    private readonly guard: WriteGuard,
  ) {}

  get path(): string {
    return this.file.path;
  }

  get length(): number {
    return this.file.length;
  }

  read(target: Uint8Array, position: number): void {
    this.file.read(target, position);
  }

  write(data: Uint8Array, position: number): void {
    this.guard();
    this.file.write(data, position);
  }

  /** A sync that began while it was allowed may promise too much where the right is lost meanwhile: hence twice. */
  async sync(): Promise<void> {
    this.guard();
    await this.file.sync();
    this.guard();
  }

  syncNow(): void {
    this.guard();
    this.file.syncNow();
    this.guard();
  }

  truncate(length: number): void {
    this.guard();
    this.file.truncate(length);
  }

  punch(position: number, length: number): boolean {
    this.guard();
    return this.file.punch?.(position, length) ?? false;
  }

  stretch(position: number): Stretch | undefined {
    return this.file.stretch?.(position);
  }

  allocate(position: number, length: number): boolean {
    this.guard();
    return this.file.allocate?.(position, length) ?? false;
  }

  close(): void {
    this.file.close();
  }
}
