/** An export in memory for tests: 64 KiB allocation units, synchronous unless told to wait. */

import type { MaybePromise, NbdExport, NbdExtent } from './export.ts';
import { AllocationState, BASE_ALLOCATION } from './protocol.ts';

const UNIT_BYTES = 64 * 1024;

/** A context whose status is the same everywhere, and has more than 32 bits. */
export const WIDE_CONTEXT = 'x-test:wide';
export const WIDE_STATUS = 0x12_3456_789a;

export class MemoryExport implements NbdExport {
  readonly rotational: boolean = false;
  readonly multiConn: boolean = true;
  readonly fastZero: boolean = true;
  readonly preferredBlockSize: number = 4096;
  readonly metaContexts: readonly string[] = [BASE_ALLOCATION, WIDE_CONTEXT];
  readonly wideContexts: readonly string[] = [WIDE_CONTEXT];
  readonly bytes: Buffer;
  readonly description?: string;
  readonly readOnly: boolean;
  readonly minimumBlockSize: number;
  readonly calls: string[] = [];
  private readonly allocated: Set<number> = new Set();

  constructor(
    readonly size: number,
    options: { readOnly?: boolean; minimumBlockSize?: number; description?: string } = {},
  ) {
    this.bytes = Buffer.alloc(size);
    this.readOnly = options.readOnly ?? false;
    this.minimumBlockSize = options.minimumBlockSize ?? 1;
    this.description = options.description;
  }

  /** A gate that tests may close; open while it answers undefined. */
  gate: (call: string) => Promise<void> | undefined = () => undefined;

  read(offset: number, target: Buffer): MaybePromise<void> {
    return this.pass(`read ${offset} ${target.length}`, () => {
      this.bytes.copy(target, 0, offset);
    });
  }

  write(offset: number, data: Buffer): MaybePromise<void> {
    return this.pass(`write ${offset} ${data.length}`, () => {
      data.copy(this.bytes, offset);
      this.mark(offset, data.length, true);
    });
  }

  writeZeroes(offset: number, length: number): MaybePromise<void> {
    return this.pass(`zero ${offset} ${length}`, () => {
      this.bytes.fill(0, offset, offset + length);
      this.mark(offset, length, false);
    });
  }

  trim(offset: number, length: number): MaybePromise<void> {
    return this.pass(`trim ${offset} ${length}`, () => {
      this.bytes.fill(0, offset, offset + length);
      this.mark(offset, length, false);
    });
  }

  cache(offset: number, length: number): MaybePromise<void> {
    return this.pass(`cache ${offset} ${length}`, () => undefined);
  }

  flush(): MaybePromise<void> {
    return this.pass('flush', () => undefined);
  }

  blockStatus(context: string, offset: number, length: number): NbdExtent[] {
    if (context === WIDE_CONTEXT) return [{ length, status: WIDE_STATUS }];
    const extents: { length: number; status: number }[] = [];
    const end = offset + length;
    for (let at = offset; at < end; ) {
      const unit = Math.floor(at / UNIT_BYTES);
      const next = Math.min(end, (unit + 1) * UNIT_BYTES);
      const status = this.allocated.has(unit) ? 0 : AllocationState.Hole | AllocationState.Zero;
      const last = extents.at(-1);
      if (last?.status === status) last.length += next - at;
      else extents.push({ length: next - at, status });
      at = next;
    }
    return extents;
  }

  private pass(call: string, effect: () => void): MaybePromise<void> {
    this.calls.push(call);
    const opened = this.gate(call);
    if (opened === undefined) return effect();
    return opened.then(effect);
  }

  /** Holes are whole units; a unit partly zeroed stays allocated. */
  private mark(offset: number, length: number, data: boolean): void {
    const round = data ? Math.floor : Math.ceil;
    const end = offset + length;
    const last = data ? Math.ceil(end / UNIT_BYTES) : Math.floor(end / UNIT_BYTES);
    for (let unit = round(offset / UNIT_BYTES); unit < last; unit += 1) {
      if (data) this.allocated.add(unit);
      else this.allocated.delete(unit);
    }
  }
}
