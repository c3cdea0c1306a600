/** The data path of a disk under a fault plan: the same calls, some of which fail. */
import type { Medium } from '../device/medium.ts';
import type { FaultInjector } from './injector.ts';

export class FaultyMedium implements Medium {
  constructor(
    private readonly inner: Medium,
    private readonly faults: FaultInjector,
  ) {}

  read(offset: number, target: Uint8Array): void {
    const failure = this.faults.meet('read', { offset, length: target.length });
    if (failure !== undefined) throw failure.error;
    this.inner.read(offset, target);
  }

  write(offset: number, data: Uint8Array, command: 'write' | 'append'): void {
    const failure = this.faults.meet(command, { offset, length: data.length });
    if (failure !== undefined) {
      if (failure.landed > 0) this.inner.write(offset, data.subarray(0, failure.landed), command);
      throw failure.error;
    }
    this.inner.write(offset, data, command);
  }

  writeZeroes(offset: number, length: number): void {
    const failure = this.faults.meet('write', { offset, length });
    if (failure !== undefined) {
      if (failure.landed > 0) this.inner.writeZeroes(offset, failure.landed);
      throw failure.error;
    }
    this.inner.writeZeroes(offset, length);
  }
}
