/** A disk under random commands. */
import { expect } from '@jest/globals';
import { type NaiveZone, Refused } from '../zones/naive-commands.fixture.ts';
import { DiskModel } from './disk-model.fixture.ts';
import { Pair } from './model-pair.fixture.ts';

const SECTOR = 512;

/** Mostly opens, so that the limits are met. */
const MANAGED = ['open', 'open', 'open', 'close', 'close', 'finish', 'reset', 'offline'] as const;

export class Trial extends Pair {
  async step(): Promise<void> {
    if (this.random() < 0.03) await this.#crowd();
    else if (this.model.geometry.zrwaSize && this.random() < 0.3) await this.#useAreas();
    else await this.#useZones();
    this.compare();
  }

  /** Random write areas are few, and soon gone: without this their rules would hardly be met. */
  async #useAreas(): Promise<void> {
    const { zones } = this.model.naive;
    const inArea = zones.filter(({ area }) => area);
    const zone = inArea.length > 0 ? this.pick(inArea).index : this.#zone();
    const choice = this.random();
    if (choice < 0.5) await this.#write(zone);
    else if (choice < 0.65) await this.#manageAs('close', zone);
    else if (choice < 0.7) await this.#append(zone);
    else if (choice < 0.8) await this.#openArea(this.#zone());
    else await this.#area(zone);
  }

  async #useZones(): Promise<void> {
    const zone = this.#zone();
    const choice = this.random();
    if (choice < 0.34) await this.#write(zone);
    else if (choice < 0.44) await this.#append(zone);
    else if (choice < 0.48) await this.#stray();
    else if (choice < 0.68) await this.#manage(zone);
    else if (choice < 0.74) await this.#area(zone);
    else if (choice < 0.83) await this.#read(zone);
    else if (choice < 0.88) await this.#range(zone);
    else if (choice < 0.89) await this.#all();
    else if (choice < 0.92) await this.#batch(zone);
    else if (choice < 0.94) await this.#break(zone);
    else if (choice < 0.97) await this.device.flush();
    else if (choice < 0.99) await this.reopen();
    else await this.#snapshot();
  }

  /** Every condition has its turn, however few zones are in it. */
  #zone(): number {
    const { zones } = this.model.naive;
    const kind = ({ area, condition }: NaiveZone) => `${condition} ${area}`;
    const chosen = this.pick([...new Set(zones.map(kind))]);
    return this.pick(zones.filter((zone) => kind(zone) === chosen)).index;
  }

  async #write(zone: number): Promise<void> {
    const { logicalBlockSize: block, zrwaSize = 0 } = this.model.geometry;
    const naive = this.model.naive.zones[zone] as NaiveZone;
    const { area, begin, conventional, dataLimit, end, pointer } = naive;
    let offset = pointer;
    if (conventional) offset = begin + this.below((end - begin) / block) * block;
    else if (area) offset = pointer + this.below((2 * zrwaSize) / block + 1) * block;
    else if (this.random() < 0.08) offset += this.pick([-block, block, 2 * block]);
    if (offset < begin || offset >= end) offset = begin;
    const room = (conventional ? end : dataLimit) - offset;
    const left = this.model.geometry.size - offset;
    const data = this.data(Math.min(this.length(room), left));
    const fails = this.random();
    if (fails < 0.08)
      await this.#failingWrite(
        'write',
        zone,
        offset,
        this.pick([data, this.data(Math.max(Math.min(room, left), block))]),
      );
    else if (fails < 0.34) await this.#zeroes(zone, offset, data.length);
    else {
      const write = () => this.device.write(offset, data);
      await this.both('write', zone, () => void this.model.write('write', offset, data), write);
    }
  }

  async #zeroes(zone: number, offset: number, length: number): Promise<void> {
    const none = Buffer.alloc(length);
    const zeroes = () => this.device.writeZeroes(offset, length);
    await this.both('zeroes', zone, () => void this.model.write('write', offset, none), zeroes);
  }

  /** Takes all open slots that there are, and then asks for one more. */
  async #crowd(): Promise<void> {
    const { zones } = this.model.naive;
    const idle = zones.filter(({ condition }) => ['empty', 'closed'].includes(condition));
    for (let i = 0; i < 3 && idle.length > 0; i++)
      await this.#manageAs('open', this.pick(idle).index);
    const closed = zones.filter(({ condition }) => condition === 'closed');
    if (closed.length === 0) return;
    const { index, pointer } = this.pick(closed);
    const choice = this.below(4);
    if (choice === 0) await this.#manageAs('finish', index);
    else if (choice === 3) await this.#manageAll('open');
    else if (choice === 1) await this.#zeroes(index, pointer, this.model.geometry.logicalBlockSize);
    else await this.#openArea(index);
  }

  async #append(zone: number): Promise<void> {
    const { begin, dataLimit, pointer } = this.model.naive.zones[zone] as NaiveZone;
    const left = this.model.geometry.size - begin;
    const data = this.data(Math.min(this.length(dataLimit - pointer), left));
    if (this.random() < 0.1) return this.#failingWrite('append', zone, begin, data);
    const append = () => this.device.append(begin, data);
    await this.both('append', zone, () => this.model.write('append', begin, data), append);
  }

  /** The data does not reach the disk, or only some of its sectors; the zone must be as it was, or show the truth. */
  async #failingWrite(
    name: 'write' | 'append',
    zone: number,
    offset: number,
    data: Buffer,
  ): Promise<void> {
    const torn = this.pick([0, 1, data.length / SECTOR]);
    this.device.setFaults({ rules: [{ on: name, nth: 1, fail: 'io_error', torn }] });
    const fail = () => {
      this.model.failedWrite(name, offset, data.length);
      throw new Refused('io_error');
    };
    const before = this.model.naive.zones[zone];
    const telling = before?.conventional === true || before?.area === true;
    const give = () =>
      name === 'append' ? this.device.append(offset, data) : this.device.write(offset, data);
    const result = await this.both(name, zone, fail, give);
    this.device.setFaults(undefined);
    if (telling && result === 'io_error') await this.#adopt(offset, data);
  }

  /** Where data can be written over, a failed write may have left any of its sectors, and nothing else. */
  async #adopt(offset: number, data: Buffer): Promise<void> {
    const { naive } = this.model;
    for (const zone of naive.zones) {
      const start = Math.max(offset, zone.begin);
      const limit = zone.conventional ? zone.end : naive.readableEnd(zone);
      const end = Math.min(offset + data.length, limit);
      if (start >= end) continue;
      const bytes = Buffer.alloc(end - start);
      await this.device.read(start, bytes);
      for (let at = 0; at < bytes.length; at += SECTOR) {
        const now = bytes.subarray(at, at + SECTOR);
        const old = this.model.content.subarray(start + at, start + at + SECTOR);
        const from = start + at - offset;
        if (!now.equals(data.subarray(from, from + SECTOR))) expect(now).toEqual(old);
        now.copy(old);
      }
    }
  }

  async #stray(): Promise<void> {
    const { logicalBlockSize: block, size } = this.model.geometry;
    const unit = this.pick([block, block, block, 100]);
    const offset = (this.below(size / unit + 4) - 2) * unit;
    const length = this.below(9) * unit;
    if (this.random() < 0.3) {
      await this.#readBoth(undefined, offset, length);
      return;
    }
    const data = this.data(length);
    const name = this.pick(['write', 'append'] as const);
    const give = () =>
      name === 'write' ? this.device.write(offset, data) : this.device.append(offset, data);
    const model = () => {
      const address = this.model.write(name, offset, data);
      return name === 'append' ? address : undefined;
    };
    await this.both(`stray-${name}`, undefined, model, give);
  }

  #manage(zone: number): Promise<void> {
    return this.#manageAs(this.pick(MANAGED), zone);
  }

  async #manageAs(action: (typeof MANAGED)[number], zone: number): Promise<void> {
    await this.both(
      action,
      zone,
      () => this.model.run({ name: action, zone }),
      () => this.device.manage(action, zone),
    );
  }

  async #area(zone: number): Promise<void> {
    const {
      descriptorExtensionSize = 0,
      zrwaFlushGranularity: unit = 512,
      zrwaSize = 0,
    } = this.model.geometry;
    const { pointer } = this.model.naive.zones[zone] as NaiveZone;
    const choice = this.random();
    if (choice < 0.4) await this.#openArea(zone);
    else if (choice < 0.7) {
      const end = pointer + this.below(zrwaSize / unit + 3) * unit + this.pick([0, 0, 0, 512]);
      await this.both(
        'commit',
        zone,
        () => this.model.run({ name: 'commit', zone, end }),
        () => this.device.commitZrwa(zone, end),
      );
    } else {
      const data = this.data(descriptorExtensionSize || 64);
      await this.both(
        'set-extension',
        zone,
        () => this.model.extend(zone, data),
        () => this.device.setExtension(zone, data),
      );
    }
  }

  async #openArea(zone: number): Promise<void> {
    await this.both(
      'open-area',
      zone,
      () => this.model.run({ name: 'open-area', zone }),
      () => this.device.openWithZrwa(zone),
    );
  }

  async #read(zone: number): Promise<void> {
    const { logicalBlockSize: block } = this.model.geometry;
    const { begin, end } = this.model.naive.zones[zone] as NaiveZone;
    const offset = begin + this.below((end - begin) / block) * block;
    const length = Math.min(this.length(end - offset), this.model.geometry.size - offset);
    await this.#readBoth(zone, offset, length);
  }

  async #readBoth(zone: number | undefined, offset: number, length: number): Promise<void> {
    const bytes = Buffer.alloc(length, 0xee);
    const result = await this.both(
      zone === undefined ? 'stray-read' : 'read',
      zone,
      () => this.model.run({ name: 'read', offset, length }),
      () => this.device.read(offset, bytes),
    );
    if (result === 'ok') await this.readAndCompare(offset, length);
  }

  async #range(zone: number): Promise<void> {
    const { logicalBlockSize: block, size, zoneSize } = this.model.geometry;
    const action = this.pick(['open', 'open', 'close', 'finish', 'finish', 'reset'] as const);
    const past = this.pick([0, 0, 0, 0, 0, block]);
    const offset = zone * zoneSize + this.pick([0, 0, 0, 0, 0, block]);
    const length = Math.min((zone + 1 + this.below(4)) * zoneSize, size) + past - offset;
    await this.both(
      `${action}-of-a-range`,
      undefined,
      () => this.model.run({ name: 'range', action, offset, length }),
      () => this.device.manageRange(action, offset, length),
    );
  }

  async #all(): Promise<void> {
    await this.#manageAll(this.pick(['open', 'close', 'finish', 'reset', 'offline'] as const));
  }

  async #manageAll(action: (typeof MANAGED)[number]): Promise<void> {
    await this.both(
      `${action}-of-all`,
      undefined,
      () => this.model.run({ name: 'all', action }),
      () => this.device.manageAll(action),
    );
  }

  /** Several commands in one go: all of them take effect, or none. */
  async #batch(zone: number): Promise<void> {
    const { begin, conventional, pointer } = this.model.naive.zones[zone] as NaiveZone;
    if (conventional) return;
    const { logicalBlockSize: block } = this.model.geometry;
    const first = this.data(block);
    const second = this.data(2 * block);
    const shift = this.pick([0, 0, block]);
    const trial = new DiskModel(this.model.geometry, {
      ...{ limited: this.options.enforceLimits ?? true },
      ...{ strictReads: false, readsCross: true },
    });
    trial.naive.zones.splice(
      0,
      trial.naive.zones.length,
      ...structuredClone(this.model.naive.zones),
    );
    const commands = (model: DiskModel) => {
      model.write('write', pointer, first);
      model.write('write', pointer + block + shift, second);
      model.run({ name: 'reset', zone });
      model.write('write', begin, second);
    };
    await this.both(
      'batch',
      undefined,
      () => {
        commands(trial);
        commands(this.model);
      },
      () =>
        this.device.submit([
          { kind: 'write', offset: pointer, data: first },
          { kind: 'write', offset: pointer + block + shift, data: second },
          { kind: 'reset', zoneIndex: zone },
          { kind: 'write', offset: begin, data: second },
        ]),
    );
  }

  /** As a failing drive does. Too many such zones would leave nothing to try. */
  async #break(zone: number): Promise<void> {
    const { zones } = this.model.naive;
    const broken = zones.filter(({ condition }) => ['read-only', 'offline'].includes(condition));
    if (broken.length * 3 > zones.length) return;
    const name = this.pick(['set-read-only', 'set-offline'] as const);
    await this.both(
      name,
      zone,
      () => this.model.run({ name, zone }),
      () => this.device.setCondition(zone, name === 'set-offline' ? 'offline' : 'read-only'),
    );
  }

  async #snapshot(): Promise<void> {
    const { saved } = this.model;
    const last = saved.at(-1);
    if (last === undefined || (saved.length < 3 && this.random() < 0.5)) {
      const name = `s${saved.length}`;
      await this.device.createSnapshot(name, new Date(0));
      this.model.save(name);
    } else {
      await this.device.applySnapshot(last.name);
      this.model.apply(last.name);
    }
    await this.compareContent();
  }
}
