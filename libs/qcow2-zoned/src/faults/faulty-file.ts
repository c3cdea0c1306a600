/** A file that fails when a fault plan says so. Without a plan it only passes calls on. */
import type { BlockFile, Stretch } from '../file.ts';
import type { FaultInjector } from './injector.ts';

export class FaultyFile implements BlockFile {
  /** Who decides what fails; undefined: nothing does. */
  faults: FaultInjector | undefined;

  constructor(private readonly inner: BlockFile) {}

  get path(): string {
    return this.inner.path;
  }

  get length(): number {
    return this.inner.length;
  }

  read(target: Uint8Array, position: number): void {
    if (this.faults !== undefined) {
      const place = { offset: position, length: target.length };
      const failure = this.faults.meet('file-read', place);
      if (failure !== undefined) throw failure.error;
    }
    this.inner.read(target, position);
  }

  write(data: Uint8Array, position: number): void {
    if (this.faults !== undefined) {
      const failure = this.faults.meet('file-write', { offset: position, length: data.length });
      if (failure !== undefined) {
        if (failure.landed > 0) this.inner.write(data.subarray(0, failure.landed), position);
        throw failure.error;
      }
    }
    this.inner.write(data, position);
  }

  async sync(): Promise<void> {
    this.#meetSync();
    await this.inner.sync();
  }

  syncNow(): void {
    this.#meetSync();
    this.inner.syncNow();
  }

  truncate(length: number): void {
    this.inner.truncate(length);
  }

  punch(position: number, length: number): boolean {
    return this.inner.punch?.(position, length) ?? false;
  }

  stretch(position: number): Stretch | undefined {
    return this.inner.stretch?.(position);
  }

  allocate(position: number, length: number): boolean {
    return this.inner.allocate?.(position, length) ?? false;
  }

  close(): void {
    this.inner.close();
  }

  #meetSync(): void {
    const failure = this.faults?.meet('file-sync');
    if (failure !== undefined) throw failure.error;
  }
}
