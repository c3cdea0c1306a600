/**
 * What a zoned disk must answer and hold, command by command: the naive zones, and the bytes of the whole disk in one
 * buffer. Shares no code with the device.
 */
import { type Command, type NaiveGeometry } from '../zones/naive-commands.fixture.ts';
import { NaiveZones } from '../zones/naive-zones.fixture.ts';

export interface ModelOptions {
  readonly limited: boolean;
  readonly strictReads: boolean;
  readonly readsCross: boolean;
}

/** The disk as it was when a snapshot was made. */
interface Saved {
  readonly name: string;
  readonly zones: object[];
  readonly content: Buffer;
  readonly extensions: ReadonlyMap<number, Buffer>;
}

export class DiskModel {
  readonly naive: NaiveZones;
  readonly content: Buffer;
  readonly extensions = new Map<number, Buffer>();
  readonly saved: Saved[] = [];

  constructor(
    readonly geometry: NaiveGeometry,
    options: ModelOptions,
  ) {
    const { limited, strictReads, readsCross } = options;
    this.naive = new NaiveZones(geometry, limited, strictReads, readsCross);
    this.content = Buffer.alloc(geometry.size);
  }

  /** Throws `Refused`. Returns where an append went. */
  run(command: Command): number | undefined {
    const address = this.naive.run(command);
    this.#forget();
    return address;
  }

  /** A write, or an append, of bytes. Returns where they went. */
  write(name: 'write' | 'append', offset: number, data: Buffer): number {
    const address = this.naive.run({ name, offset, length: data.length }) ?? offset;
    data.copy(this.content, address);
    return address;
  }

  /** The same where the data does not reach the disk: what was accepted is taken back. */
  failedWrite(name: 'write' | 'append', offset: number, length: number): void {
    const zone = this.naive.zones.find(({ end }) => offset < end);
    const inArea = zone?.area ?? false;
    if (zone === undefined || zone.conventional || inArea)
      this.naive.run({ name: name === 'append' ? name : 'check-write', offset, length });
    else {
      const address = this.naive.run({ name, offset, length }) ?? offset;
      this.naive.run({ name: 'retract', zone: zone.index, goodEnd: address });
    }
    this.#forget();
  }

  extend(zone: number, data: Buffer): void {
    this.run({ name: 'set-extension', zone });
    this.extensions.set(zone, data);
  }

  save(name: string): void {
    this.saved.push({
      name,
      zones: structuredClone(this.naive.zones),
      content: Buffer.from(this.content),
      extensions: new Map(this.extensions),
    });
  }

  /** Back to a snapshot, as after a power cycle. */
  apply(name: string): void {
    const saved = this.saved.find((one) => one.name === name);
    if (saved === undefined) throw new Error(`no snapshot ${name}`);
    this.naive.zones.splice(0, this.naive.zones.length, ...structuredClone(saved.zones as never[]));
    saved.content.copy(this.content);
    this.extensions.clear();
    for (const [zone, data] of saved.extensions) this.extensions.set(zone, data);
    this.naive.powerCycle();
  }

  /** The zones as a report shows them, with the end of what each holds. */
  report(): object[] {
    return this.naive.zones.map((zone) => ({
      index: zone.index,
      type: zone.conventional ? 'conventional' : 'sequential',
      condition: zone.condition,
      start: zone.begin,
      size: zone.end - zone.begin,
      capacity: zone.dataLimit - zone.begin,
      writePointer: zone.condition === 'full' ? zone.end : zone.pointer,
      resetCount: zone.resets,
      ...(zone.area && { zrwa: true }),
      ...(zone.extension && { extension: true }),
      writtenEnd: zone.conventional ? zone.end : zone.pointer,
    }));
  }

  /** An empty zone holds nothing. */
  #forget(): void {
    for (const zone of this.naive.zones) {
      if (zone.condition === 'empty') this.content.fill(0, zone.begin, zone.end);
      if (!zone.extension) this.extensions.delete(zone.index);
    }
  }
}
