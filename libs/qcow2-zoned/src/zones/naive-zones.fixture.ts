/**
 * A zoned device as one would write it without caring for speed: plain objects, counts taken by scanning, both
 * rule books spelled out. It shares no code with the state machine, which is tested against it.
 */

import {
  type Action,
  type Command,
  type NaiveGeometry,
  type NaiveZone,
  Refused,
} from './naive-commands.fixture.ts';

const OPEN = ['implicit-open', 'explicit-open'];
const ACTIVE = [...OPEN, 'closed'];

export class NaiveZones {
  readonly zones: NaiveZone[] = [];
  /** Zones closed to make room, in order, since the caller last emptied the list. */
  victims: number[] = [];
  private now = 0;

  constructor(
    private readonly geometry: NaiveGeometry,
    private readonly limited: boolean,
    private readonly strictReads: boolean,
    private readonly readsCross: boolean,
  ) {
    for (let begin = 0; begin < geometry.size; begin += geometry.zoneSize) {
      const index = this.zones.length;
      const conventional = index < geometry.conventionalZones;
      this.zones.push({
        index,
        conventional,
        condition: conventional ? 'not-wp' : 'empty',
        begin,
        end: Math.min(begin + geometry.zoneSize, geometry.size),
        dataLimit: Math.min(begin + geometry.zoneCapacity, geometry.size),
        pointer: begin,
        resets: 0,
        writtenAt: 0,
        area: false,
        extension: false,
      });
    }
  }

  count(conditions: string[]): number {
    return this.zones.filter((zone) => conditions.includes(zone.condition)).length;
  }

  get openCount(): number {
    return this.count(OPEN);
  }

  get activeCount(): number {
    return this.count(ACTIVE);
  }

  /** Returns the address of an append. Throws `Refused`. */
  run(command: Command): number | undefined {
    this.now += 1;
    switch (command.name) {
      case 'read':
        this.read(command.offset, command.length);
        break;
      case 'check-write':
        this.write(command.offset, command.length, true);
        break;
      case 'write':
        this.write(command.offset, command.length, false);
        break;
      case 'append':
        return this.append(command.offset, command.length);
      case 'all':
        this.select(command.action, this.zones);
        break;
      case 'range':
        this.range(command.action, command.offset, command.length);
        break;
      case 'set-read-only':
        this.leave(this.at(command.zone), 'read-only');
        break;
      case 'set-offline':
        this.leave(this.at(command.zone), 'offline');
        break;
      case 'open-area':
        this.openArea(this.sequential(command.zone));
        break;
      case 'commit':
        this.commit(this.sequential(command.zone), command.end);
        break;
      case 'set-extension':
        this.extend(this.sequential(command.zone));
        break;
      case 'retract':
        this.retract(this.at(command.zone), command.goodEnd);
        break;
      case 'restore':
        this.restore(this.at(command.zone), command.condition, command.pointer, command.resets);
        break;
      default:
        this.manage(command.name, this.at(command.zone));
    }
    return undefined;
  }

  private at(index: number): NaiveZone {
    const zone = this.zones[index];
    if (zone === undefined) throw new Refused('lba_out_of_range');
    return zone;
  }

  private sequential(index: number): NaiveZone {
    const zone = this.at(index);
    if (zone.conventional) throw new Refused('invalid_field');
    return zone;
  }

  /** Where the bytes end that can be read. */
  readableEnd(zone: NaiveZone): number {
    const area = zone.area ? (this.geometry.zrwaSize ?? 0) : 0;
    return Math.min(zone.pointer + area, zone.dataLimit);
  }

  /** To a condition that holds no resources: what is in a random write area stays, the area does not. */
  private leave(zone: NaiveZone, condition: 'full' | 'read-only' | 'offline'): void {
    if (zone.area) zone.pointer = this.readableEnd(zone);
    zone.area = false;
    zone.condition = condition;
  }

  private openArea(zone: NaiveZone): void {
    if (zone.area) {
      this.manage('open', zone);
      return;
    }
    if (!this.geometry.zrwaSize) throw new Refused('invalid_field');
    if (zone.condition !== 'empty') throw new Refused(this.wrongCondition(zone));
    this.needActive();
    this.needOpen(1);
    const taken = this.zones.filter(({ area }) => area).length;
    if (taken >= (this.geometry.zrwaZones ?? 0)) throw new Refused('zrwa_unavailable');
    this.makeRoom();
    zone.area = true;
    zone.condition = 'explicit-open';
  }

  private commit(zone: NaiveZone, end: number): void {
    const units = (end - zone.pointer) / (this.geometry.zrwaFlushGranularity ?? 1);
    const whole = Number.isInteger(units) || end === zone.dataLimit;
    const inside = end > zone.pointer && end <= this.readableEnd(zone);
    if (!zone.area || !whole || !inside) throw new Refused('invalid_field');
    this.moveCommitted(zone, end);
  }

  private moveCommitted(zone: NaiveZone, end: number): void {
    zone.pointer = end;
    if (end === zone.dataLimit) this.leave(zone, 'full');
  }

  private extend(zone: NaiveZone): void {
    if (!this.geometry.descriptorExtensionSize) throw new Refused('invalid_field');
    if (zone.condition !== 'empty') throw new Refused(this.wrongCondition(zone));
    this.needActive();
    zone.extension = true;
    zone.condition = 'closed';
  }

  private wrongCondition(zone: NaiveZone): string {
    const failing = { 'read-only': 'zone_read_only', offline: 'zone_offline' }[zone.condition];
    return this.geometry.profile === 'zbc' && failing ? failing : 'invalid_zone_transition';
  }

  /** Without power no zone stays open. */
  powerCycle(): void {
    for (const zone of this.zones) {
      if (!ACTIVE.includes(zone.condition)) continue;
      const idle = zone.pointer === zone.begin && !zone.area && !zone.extension;
      zone.condition = idle ? 'empty' : 'closed';
    }
  }

  private touched(offset: number, length: number): NaiveZone[] {
    return this.zones.filter((zone) => zone.end > offset && zone.begin < offset + length);
  }

  private validate(offset: number, length: number): void {
    const unit = this.geometry.logicalBlockSize;
    if (offset % unit || length % unit || length <= 0) throw new Refused('invalid_field');
    if (offset < 0 || offset + length > this.geometry.size) throw new Refused('lba_out_of_range');
  }

  private read(offset: number, length: number): void {
    this.validate(offset, length);
    const zones = this.touched(offset, length);
    if (!this.readsCross && zones.length > 1) throw new Refused('zone_boundary_error');
    for (const zone of zones) {
      if (zone.condition === 'offline') throw new Refused('zone_offline');
      const bounded = ['empty', ...ACTIVE].includes(zone.condition);
      const lastByte = Math.min(offset + length, zone.end) - 1;
      if (this.strictReads && bounded && lastByte >= zone.pointer) {
        throw new Refused('read_beyond_write_pointer');
      }
    }
  }

  private refuseUnwritable(zone: NaiveZone): void {
    const codes: Record<string, string> = {
      full: 'zone_full',
      'read-only': 'zone_read_only',
      offline: 'zone_offline',
    };
    const code = codes[zone.condition];
    if (code) throw new Refused(code);
  }

  private write(offset: number, length: number, rehearsal: boolean): void {
    this.validate(offset, length);
    const zones = this.touched(offset, length);
    const first = zones[0] as NaiveZone;
    if (first.conventional) {
      for (const zone of zones) {
        if (!zone.conventional) throw new Refused('zone_boundary_error');
        this.refuseUnwritable(zone);
      }
      return;
    }
    if (first.area) {
      this.putInArea(first, offset, offset + length, rehearsal);
      return;
    }
    this.refuseUnwritable(first);
    if (offset !== first.pointer) throw new Refused('zone_invalid_write');
    this.put(first, length, rehearsal);
  }

  private putInArea(zone: NaiveZone, offset: number, end: number, rehearsal: boolean): void {
    const { zrwaSize = 0, zrwaFlushGranularity: unit = 1 } = this.geometry;
    if (offset < zone.pointer || end > zone.pointer + 2 * zrwaSize)
      throw new Refused('zone_invalid_write');
    if (end > zone.dataLimit) throw new Refused('zone_boundary_error');
    if (zone.condition === 'closed') this.needOpen(1);
    if (rehearsal) return;
    if (zone.condition === 'closed') {
      this.makeRoom();
      zone.condition = 'implicit-open';
    }
    zone.writtenAt = this.now;
    let pointer = zone.pointer;
    while (end > pointer + zrwaSize) pointer += unit;
    this.moveCommitted(zone, Math.min(pointer, zone.dataLimit));
  }

  private append(offset: number, length: number): number {
    this.validate(offset, length);
    const zone = this.touched(offset, length)[0] as NaiveZone;
    if (zone.conventional) throw new Refused('invalid_field');
    if (!this.geometry.maxAppendBytes) throw new Refused('invalid_zone_operation');
    if (offset !== zone.begin || length > this.geometry.maxAppendBytes) {
      throw new Refused('invalid_field');
    }
    if (zone.area) throw new Refused('invalid_zone_operation');
    this.refuseUnwritable(zone);
    const address = zone.pointer;
    this.put(zone, length, false);
    return address;
  }

  private put(zone: NaiveZone, length: number, rehearsal: boolean): void {
    if (zone.pointer + length > zone.dataLimit) throw new Refused('zone_boundary_error');
    if (!OPEN.includes(zone.condition)) {
      if (zone.condition === 'empty') this.needActive();
      this.needOpen(1);
      if (rehearsal) return;
      this.makeRoom();
      zone.condition = 'implicit-open';
    }
    if (rehearsal) return;
    zone.pointer += length;
    zone.writtenAt = this.now;
    if (zone.pointer === zone.dataLimit) zone.condition = 'full';
  }

  private needActive(): void {
    const max = this.geometry.maxActiveZones;
    if (this.limited && max && this.activeCount + 1 > max) {
      throw new Refused('too_many_active_zones');
    }
  }

  private needOpen(slots: number): void {
    const max = this.geometry.maxOpenZones;
    if (this.limited && max && this.count(['explicit-open']) + slots > max) {
      throw new Refused('too_many_open_zones');
    }
  }

  private makeRoom(): void {
    const max = this.geometry.maxOpenZones;
    if (!this.limited || !max || this.openCount < max) return;
    let victim: NaiveZone | undefined;
    for (const zone of this.zones) {
      if (zone.condition !== 'implicit-open') continue;
      if (!victim || zone.writtenAt < victim.writtenAt) victim = zone;
    }
    if (!victim) throw new Error('the model finds nothing to close');
    this.toClosed(victim);
    this.victims.push(victim.index);
  }

  private toClosed(zone: NaiveZone): void {
    const unwritten = zone.pointer === zone.begin;
    zone.condition = this.geometry.profile === 'zbc' && unwritten ? 'empty' : 'closed';
  }

  private manage(action: Action, zone: NaiveZone): void {
    if (zone.conventional) throw new Refused('invalid_field');
    const zbc = this.geometry.profile === 'zbc';
    const was = zone.condition;
    if (action === 'offline') {
      if (was !== 'read-only' && was !== 'offline') throw new Refused('invalid_zone_transition');
      zone.condition = 'offline';
      return;
    }
    if (was === 'read-only') throw new Refused(zbc ? 'zone_read_only' : 'invalid_zone_transition');
    if (was === 'offline') throw new Refused(zbc ? 'zone_offline' : 'invalid_zone_transition');
    if (action === 'open') {
      if (was === 'full') {
        if (!zbc) throw new Refused('invalid_zone_transition');
        return;
      }
      if (was === 'empty') this.needActive();
      if (was === 'empty' || was === 'closed') {
        this.needOpen(1);
        this.makeRoom();
      }
      zone.condition = 'explicit-open';
    } else if (action === 'close') {
      if (OPEN.includes(was)) this.toClosed(zone);
      else if (!zbc && was !== 'closed') throw new Refused('invalid_zone_transition');
    } else if (action === 'finish') {
      if (zbc && (was === 'empty' || was === 'closed')) {
        this.needOpen(1);
        this.makeRoom();
      }
      if (was !== 'full') this.leave(zone, 'full');
    } else {
      zone.area = false;
      zone.extension = false;
      if (was === 'full' || zone.pointer > zone.begin) zone.resets += 1;
      zone.pointer = zone.begin;
      zone.condition = 'empty';
    }
  }

  private select(action: Action, among: NaiveZone[]): void {
    const meant: Record<Action, string[]> = {
      open: ['closed'],
      close: OPEN,
      finish: ACTIVE,
      reset: ['empty', 'full', ...ACTIVE],
      offline: ['read-only'],
    };
    const zones = among.filter(
      (zone) => !zone.conventional && meant[action].includes(zone.condition),
    );
    if (action === 'open' && zones.length > 0) this.needOpen(zones.length);
    const openOnes = zones.filter((zone) => OPEN.includes(zone.condition));
    for (const zone of openOnes) this.manage(action, zone);
    for (const zone of zones) if (!openOnes.includes(zone)) this.manage(action, zone);
  }

  private range(action: Action, offset: number, length: number): void {
    this.validate(offset, length);
    const zones = this.touched(offset, length);
    const first = zones[0] as NaiveZone;
    const last = zones[zones.length - 1] as NaiveZone;
    if (first.begin !== offset || last.end !== offset + length) throw new Refused('invalid_field');
    if (zones.length === 1) this.manage(action, first);
    else this.select(action, zones);
  }

  private retract(zone: NaiveZone, goodEnd: number): void {
    if (zone.conventional || goodEnd >= zone.pointer) return;
    const writtenFull = zone.condition === 'full' && zone.pointer === zone.dataLimit;
    zone.pointer = Math.max(zone.begin, goodEnd);
    const unwritten = zone.pointer === zone.begin && !zone.extension;
    if (writtenFull) zone.condition = unwritten ? 'empty' : 'closed';
    else if (zone.condition === 'closed') this.toClosed(zone);
  }

  private restore(zone: NaiveZone, condition: string, pointer: number, resets: number): void {
    const at = zone.conventional ? zone.begin : pointer;
    const inside = at >= zone.begin && at <= zone.dataLimit;
    const aligned = at % this.geometry.logicalBlockSize === 0;
    const possible = zone.conventional
      ? ['not-wp', 'read-only', 'offline'].includes(condition)
      : condition === 'empty'
        ? at === zone.begin
        : ACTIVE.includes(condition)
          ? at < zone.dataLimit
          : ['full', 'read-only', 'offline'].includes(condition);
    if (!inside || !aligned || !possible) throw new Refused('image_corrupt');
    zone.area = false;
    zone.extension = false;
    zone.condition = condition;
    if (ACTIVE.includes(condition)) zone.condition = at === zone.begin ? 'empty' : 'closed';
    zone.pointer = at;
    zone.resets = resets;
  }
}
