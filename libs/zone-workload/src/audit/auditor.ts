/**
 * A second opinion: predicts what a zoned device must answer to each command and how its zones must stand afterwards,
 * from the standards' tables, and stops the run at the first difference. It shares no code with the device; where a
 * simple scan does, it scans.
 * Sources: NVMe ZNS command set 1.1 (zone state machine, active and open resources), ZBC-2 (zone conditions).
 */
import { type Command, OP_NAMES, Op } from '../device/command.ts';
import { WorkloadError } from '../errors.ts';

/** The facts of the device that the rules depend on. Sizes are bytes; a limit of 0 means none. */
export interface AuditedGeometry {
  readonly profile: 'zbc' | 'zns';
  readonly size: number;
  readonly zoneSize: number;
  readonly zoneCapacity: number;
  readonly zoneCount: number;
  readonly conventionalZones: number;
  readonly maxOpenZones: number;
  readonly maxActiveZones: number;
  readonly maxAppendBytes: number;
}

/** What the auditor looks at in the device. */
export interface Observed {
  condition(zoneIndex: number): string;
  /** Bytes from the zone's start to its write pointer; of a full zone, to the end of its data. */
  occupied(zoneIndex: number): number;
  readonly openCount: number;
  readonly activeCount: number;
}

type Condition = 'not-wp' | 'empty' | 'implicit-open' | 'explicit-open' | 'closed' | 'full';

const ACCEPTED = 'accepted';

export class Auditor {
  private readonly conditions: Condition[];
  private readonly written: Float64Array;
  /** The number of the command that wrote the zone last. */
  private readonly writtenAt: Float64Array;
  /** Zones in an open condition, in no order. */
  private readonly openZones: number[] = [];
  private active = 0;
  private commands = 0;
  /** The zone that the device must have closed to make room for this command, or -1. */
  private victim = -1;

  /** @param prefilledZones sequential zones, from the first, that are full from the start. */
  constructor(
    private readonly geometry: AuditedGeometry,
    prefilledZones: number,
  ) {
    const { zoneCount, conventionalZones } = geometry;
    this.written = new Float64Array(zoneCount);
    this.writtenAt = new Float64Array(zoneCount);
    this.conditions = Array.from({ length: zoneCount }, (_, zone) =>
      zone < conventionalZones ? 'not-wp' : 'empty',
    );
    for (let n = 0; n < prefilledZones; n++) {
      const zone = conventionalZones + n;
      this.conditions[zone] = 'full';
      this.written[zone] = this.capacityOf(zone);
    }
  }

  /** Call after the device has answered. Throws `audit_mismatch`. */
  check(command: Command, refusal: string | undefined, device: Observed): void {
    this.commands++;
    this.victim = -1;
    const expected = this.predict(command);
    const actual = refusal ?? ACCEPTED;
    if (expected !== actual) throw this.mismatch(command, 'the answer', expected, actual);
    if (command.op === Op.Read) return;
    this.checkZone(command.zoneIndex, device, command);
    if (this.victim >= 0) this.checkZone(this.victim, device, command);
    this.checkCount('open zones', this.openZones.length, device.openCount, command);
    this.checkCount('active zones', this.active, device.activeCount, command);
  }

  /** Compares every zone: a command must not have touched a zone that it did not name. */
  checkAll(device: Observed): void {
    for (let zone = 0; zone < this.geometry.zoneCount; zone++) this.checkZone(zone, device);
  }

  /** Applies the command to the auditor's own zones if it must be accepted. */
  private predict(command: Command): string {
    if (command.offset + command.length > this.geometry.size) return 'lba_out_of_range';
    switch (command.op) {
      case Op.Read:
        return ACCEPTED;
      case Op.Write:
        return this.write(command.zoneIndex, command.offset, command.length);
      case Op.Append:
        return this.append(command.zoneIndex, command.length);
      case Op.Reset:
        return this.reset(command.zoneIndex);
      case Op.Finish:
        return this.finish(command.zoneIndex);
      case Op.Open:
        return this.open(command.zoneIndex);
      case Op.Close:
        return this.close(command.zoneIndex);
    }
  }

  private write(zone: number, offset: number, length: number): string {
    if (this.conditions[zone] === 'not-wp') return ACCEPTED;
    if (this.conditions[zone] === 'full') return 'zone_full';
    const pointer = zone * this.geometry.zoneSize + (this.written[zone] as number);
    if (offset !== pointer) return 'zone_invalid_write';
    return this.put(zone, length);
  }

  private append(zone: number, length: number): string {
    if (this.conditions[zone] === 'not-wp') return 'invalid_field';
    if (length > this.geometry.maxAppendBytes) return 'invalid_field';
    if (this.conditions[zone] === 'full') return 'zone_full';
    return this.put(zone, length);
  }

  private put(zone: number, length: number): string {
    const end = (this.written[zone] as number) + length;
    if (end > this.capacityOf(zone)) return 'zone_boundary_error';
    if (this.conditions[zone] === 'empty' && this.isActiveLimitReached()) {
      return 'too_many_active_zones'; // the active limit comes before the open limit
    }
    const refusal = this.takeOpenSlot(zone);
    if (refusal !== undefined) return refusal;
    this.written[zone] = end;
    this.writtenAt[zone] = this.commands;
    if (end === this.capacityOf(zone)) this.settle(zone, 'full');
    return ACCEPTED;
  }

  private reset(zone: number): string {
    if (this.conditions[zone] === 'not-wp') return 'invalid_field';
    this.settle(zone, 'empty');
    this.written[zone] = 0;
    return ACCEPTED;
  }

  private finish(zone: number): string {
    if (this.conditions[zone] === 'not-wp') return 'invalid_field';
    if (this.conditions[zone] === 'full') return ACCEPTED;
    if (this.geometry.profile === 'zbc') {
      // passes through an open condition, and holds no resource afterwards
      const refusal = this.takeOpenSlot(zone);
      if (refusal !== undefined) return refusal;
    }
    this.settle(zone, 'full');
    return ACCEPTED;
  }

  private open(zone: number): string {
    const before = this.conditions[zone];
    if (before === 'not-wp') return 'invalid_field';
    if (before === 'full') return this.onIdle();
    if (before === 'empty' && this.isActiveLimitReached()) return 'too_many_active_zones';
    const refusal = this.takeOpenSlot(zone);
    if (refusal !== undefined) return refusal;
    this.conditions[zone] = 'explicit-open';
    return ACCEPTED;
  }

  private close(zone: number): string {
    const before = this.conditions[zone];
    if (before === 'not-wp') return 'invalid_field';
    if (before === 'empty' || before === 'full') return this.onIdle();
    if (before === 'closed') return ACCEPTED;
    if (this.geometry.profile === 'zbc' && this.written[zone] === 0) this.settle(zone, 'empty');
    else {
      this.openZones.splice(this.openZones.indexOf(zone), 1);
      this.conditions[zone] = 'closed';
    }
    return ACCEPTED;
  }

  /** Opening a full zone, closing one that is empty or full: nothing to do under ZBC, an error under ZNS. */
  private onIdle(): string {
    return this.geometry.profile === 'zbc' ? ACCEPTED : 'invalid_zone_transition';
  }

  private isActiveLimitReached(): boolean {
    const { maxActiveZones } = this.geometry;
    return maxActiveZones > 0 && this.active >= maxActiveZones;
  }

  /** Leaves the zone open if it was not, at the cost of another where the limit is reached. */
  private takeOpenSlot(zone: number): string | undefined {
    const { maxOpenZones } = this.geometry;
    const before = this.conditions[zone];
    if (before === 'implicit-open' || before === 'explicit-open') return undefined;
    if (maxOpenZones > 0 && this.openZones.length >= maxOpenZones) {
      const victim = this.leastRecentlyWritten();
      if (victim < 0) return 'too_many_open_zones';
      this.openZones.splice(this.openZones.indexOf(victim), 1);
      this.conditions[victim] = 'closed';
      this.victim = victim;
    }
    if (before === 'empty') this.active++;
    this.openZones.push(zone);
    this.conditions[zone] = 'implicit-open';
    return undefined;
  }

  private leastRecentlyWritten(): number {
    let oldest = -1;
    for (const zone of this.openZones) {
      if (this.conditions[zone] !== 'implicit-open') continue;
      if (oldest < 0 || (this.writtenAt[zone] as number) < (this.writtenAt[oldest] as number)) {
        oldest = zone;
      }
    }
    return oldest;
  }

  /** Into a condition that holds no resources. */
  private settle(zone: number, condition: 'empty' | 'full'): void {
    const before = this.conditions[zone];
    const open = this.openZones.indexOf(zone);
    if (open >= 0) this.openZones.splice(open, 1);
    if (before !== 'empty' && before !== 'full') this.active--;
    this.conditions[zone] = condition;
  }

  private capacityOf(zone: number): number {
    const { zoneCapacity, zoneSize, size } = this.geometry;
    return Math.min(zoneCapacity, size - zone * zoneSize);
  }

  private checkZone(zone: number, device: Observed, command?: Command): void {
    const condition = this.conditions[zone] as Condition;
    const actual = device.condition(zone);
    if (condition !== actual) {
      throw this.mismatch(command, `the condition of zone ${zone}`, condition, actual);
    }
    if (condition === 'not-wp') return;
    this.checkCount(
      `written bytes of zone ${zone}`,
      this.written[zone] as number,
      device.occupied(zone),
      command,
    );
  }

  private checkCount(what: string, expected: number, actual: number, command?: Command): void {
    if (expected !== actual) throw this.mismatch(command, what, `${expected}`, `${actual}`);
  }

  private mismatch(
    command: Command | undefined,
    what: string,
    expected: string,
    actual: string,
  ): WorkloadError {
    const about = command
      ? `${OP_NAMES[command.op]} of ${command.length} bytes at ${command.offset} (command ${this.commands})`
      : `the final check (after command ${this.commands})`;
    return new WorkloadError(
      'audit_mismatch',
      `${about}: the auditor expected ${what} to be ${expected}, the device says ${actual}`,
      {
        operations: this.commands,
        expected,
        actual,
        ...(command && { zoneIndex: command.zoneIndex }),
      },
    );
  }
}
