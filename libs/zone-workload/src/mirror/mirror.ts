/**
 * Byte-accurate runs: a real zoned device carries out every command that the simulated one accepted, with data that says
 * where it belongs, and in the end both must agree: conditions, write pointers, and every byte.
 */
import type { ZoneAction, ZonedGeometry } from '@zonelab/qcow2-zoned';
import { type Command, Op } from '../device/command.ts';
import type { SimulatedDevice } from '../device/simulated-device.ts';
import { zoneCapacity, zoneStart } from '../device/zone-layout.ts';
import { WorkloadError } from '../errors.ts';
import { MIRROR_READ_BYTES } from '../limits.ts';
import { fillPattern } from './pattern.ts';

/** What a mirror needs of a real device; `ZonedDevice` has it. */
export interface MirrorTarget {
  readonly geometry: ZonedGeometry | undefined;
  read(offset: number, target: Uint8Array): Promise<void> | undefined | void;
  write(offset: number, data: Uint8Array): Promise<void> | undefined | void;
  append(zoneStart: number, data: Uint8Array): Promise<number> | number;
  manage(action: ZoneAction, zoneIndex: number): Promise<void> | undefined | void;
  flush(): Promise<void>;
  zone(index: number): { readonly condition: string; readonly writePointer: number };
}

interface Recorded {
  readonly op: Op;
  readonly zone: number;
  /** Where data goes, or comes from. */
  readonly offset: number;
  readonly length: number;
}

const ACTIONS: Readonly<Partial<Record<Op, ZoneAction>>> = {
  [Op.Reset]: 'reset',
  [Op.Finish]: 'finish',
  [Op.Open]: 'open',
  [Op.Close]: 'close',
};

export class Mirror {
  /** Commands carried out, and bytes compared. */
  commands = 0;
  verifiedBytes = 0;
  private recorded: Recorded[] = [];
  /** How often each zone was reset since the start. */
  private readonly generations: Uint32Array;
  private readonly geometry: ZonedGeometry;

  /** Throws `mirror_mismatch` unless the target is a zoned device of the same geometry, all of it empty. */
  constructor(
    private readonly target: MirrorTarget,
    geometry: ZonedGeometry,
  ) {
    this.geometry = geometry;
    this.generations = new Uint32Array(geometry.zoneCount);
    const found = JSON.stringify(sorted(target.geometry));
    const wanted = JSON.stringify(sorted(geometry));
    if (found !== wanted) throw mismatch('the geometry', wanted, found);
    for (let zone = geometry.conventionalZones; zone < geometry.zoneCount; zone++) {
      const { condition } = target.zone(zone);
      if (condition !== 'empty')
        throw mismatch(`the condition of zone ${zone} at the start`, 'empty', condition);
    }
  }

  /** Call for every accepted command, in order, with the write pointer that an append met. */
  record({ op, zoneIndex, offset, length }: Command, occupiedBefore: number): void {
    const at = op === Op.Append ? zoneStart(this.geometry, zoneIndex) + occupiedBefore : offset;
    this.recorded.push({ op, zone: zoneIndex, offset: at, length });
  }

  /** Carries out what was recorded. Throws what the target throws, and `mirror_mismatch`. */
  async carryOut(): Promise<void> {
    const commands = this.recorded;
    this.recorded = [];
    for (const command of commands) await this.one(command);
    this.commands += commands.length;
  }

  /** After the last command: compares every zone with the simulated device, and every byte below a write pointer. */
  async verify(device: SimulatedDevice): Promise<void> {
    await this.target.flush();
    for (let zone = this.geometry.conventionalZones; zone < this.geometry.zoneCount; zone++) {
      const { condition, writePointer } = this.target.zone(zone);
      const expected = device.zone(zone);
      if (condition !== expected.condition) {
        throw mismatch(`the condition of zone ${zone}`, expected.condition, condition);
      }
      if (writePointer !== expected.writePointer) {
        throw mismatch(
          `the write pointer of zone ${zone}`,
          `${expected.writePointer}`,
          `${writePointer}`,
        );
      }
      await this.compare(zone, device.occupied(zone));
    }
  }

  private async one({ op, zone, offset, length }: Recorded): Promise<void> {
    const action = ACTIONS[op];
    if (action) {
      await this.target.manage(action, zone);
      if (op === Op.Reset) this.generations[zone] = (this.generations[zone] as number) + 1;
      return;
    }
    const data = new Uint8Array(length);
    if (op === Op.Read) {
      await this.target.read(offset, data);
      return;
    }
    fillPattern(data, offset, this.generations[zone] as number);
    if (op === Op.Write) {
      await this.target.write(offset, data);
      return;
    }
    const placed = await this.target.append(zoneStart(this.geometry, zone), data);
    if (placed !== offset)
      throw mismatch(`the place of an append to zone ${zone}`, `${offset}`, `${placed}`);
  }

  /** Written bytes hold their pattern; the rest of the capacity reads as zeroes. */
  private async compare(zone: number, occupied: number): Promise<void> {
    const start = zoneStart(this.geometry, zone);
    const capacity = zoneCapacity(this.geometry, zone);
    const generation = this.generations[zone] as number;
    for (let at = 0; at < capacity; ) {
      const isData = at < occupied;
      const length = Math.min(MIRROR_READ_BYTES, (isData ? occupied : capacity) - at);
      const [read, expected] = [new Uint8Array(length), new Uint8Array(length)];
      await this.target.read(start + at, read);
      if (isData) fillPattern(expected, start + at, generation);
      if (Buffer.compare(read, expected) !== 0) {
        const byte = read.findIndex((value, n) => value !== expected[n]);
        const where = `byte ${start + at + byte}, in zone ${zone}`;
        throw mismatch(where, `${expected[byte]}`, `${read[byte]}`);
      }
      this.verifiedBytes += length;
      at += length;
      if (!isData) break; // one look past the write pointer is enough
    }
  }
}

function sorted(geometry: ZonedGeometry | undefined): object {
  return Object.fromEntries(Object.entries(geometry ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function mismatch(what: string, expected: string, actual: string): WorkloadError {
  return new WorkloadError(
    'mirror_mismatch',
    `${what}: the simulated device expects ${expected}, the real one has ${actual}`,
    { expected, actual },
  );
}
