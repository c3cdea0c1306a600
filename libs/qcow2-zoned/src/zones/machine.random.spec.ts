/** Seeded random commands, given to the state machine and to a naive model of it, which must always agree. */

import { expect, it } from '@jest/globals';
import { ImageError } from '../errors.ts';
import { seeds } from '../random.fixture.ts';
import { zoneGeometry } from './geometry.ts';
import { ZoneMachine } from './machine.ts';
import { type Action, type Command, Refused } from './naive-commands.fixture.ts';
import { NaiveZones } from './naive-zones.fixture.ts';
import { type ZonedGeometry, ZoneState, type ZoneTransition } from './zone.ts';

const DEVICES = 60;
const COMMANDS_PER_DEVICE = 1000;

type Random = (below: number) => number;

/** Marsaglia's xorshift32. */
function randomFrom(start: number): Random {
  let state = start >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random(choices.length)] as T;
}

function randomGeometry(random: Random): ZonedGeometry {
  const profile = pick(random, ['zns', 'zbc'] as const);
  const block = pick(random, [512, 4096]);
  const zoneBlocks = 2 + random(9);
  const zones = 3 + random(14);
  const shortBlocks = profile === 'zbc' ? random(zoneBlocks) : 0;
  const maxActiveZones = pick(random, [0, 1, 2, 3, 5]);
  const maxOpenZones = pick(random, [0, 1, 2, 3, 4]);
  const zoneCapacity = (profile === 'zns' ? 1 + random(zoneBlocks) : zoneBlocks) * block;
  const areaBlocks = profile === 'zns' ? random(Math.min(zoneCapacity / block, 4) + 1) : 0;
  return zoneGeometry({
    profile,
    size: (zones * zoneBlocks - shortBlocks) * block,
    zoneSize: zoneBlocks * block,
    zoneCapacity,
    conventionalZones: profile === 'zbc' ? pick(random, [0, 0, 1, 2]) : 0,
    maxActiveZones,
    maxOpenZones: maxActiveZones === 0 ? maxOpenZones : Math.min(maxOpenZones, maxActiveZones),
    maxAppendBytes: pick(random, [0, block, 4 * block, 64 * block]),
    logicalBlockSize: block,
    ...(areaBlocks > 0 && {
      zrwaSize: areaBlocks * block,
      zrwaFlushGranularity: (areaBlocks % 2 === 0 ? 2 : 1) * block,
      zrwaZones: 1,
    }),
    ...(profile === 'zns' && random(2) === 0 && { descriptorExtensionSize: 64 }),
  });
}

const ACTIONS: readonly Action[] = ['open', 'close', 'finish', 'reset', 'offline'];
/** For many zones at once: what ends a zone for good is rare, and what a limit may refuse is not. */
const SWEEPS: readonly Action[] = ['open', 'open', 'open', 'close', 'close', 'finish', 'reset'];
const KINDS = [
  ...Array<'write'>(10).fill('write'),
  ...Array<'append'>(5).fill('append'),
  ...Array<'manage'>(8).fill('manage'),
  ...Array<'range'>(4).fill('range'),
  ...(['stray', 'stray', 'read', 'all', 'retract', 'retract'] as const),
  ...(['restore', 'fault', 'check-write', 'in-area', 'open-area', 'open-area', 'commit'] as const),
  'set-extension' as const,
];

const sweeps = (random: Random) => (random(20) === 0 ? ACTIONS : SWEEPS);

/** Mostly commands that can succeed: at the write pointer, of a few blocks, on zones that exist. */
function randomCommand(random: Random, machine: ZoneMachine): Command {
  const { zoneCount, zoneSize, size, logicalBlockSize: block } = machine.geometry;
  const zone = random(zoneCount);
  const pointer = machine.writePointers[zone] as number;
  const length = (1 + random(4)) * block;
  const kind = pick(random, KINDS);
  switch (kind) {
    case 'write':
    case 'check-write':
      return { name: kind, offset: pointer, length };
    case 'append':
      return { name: 'append', offset: zone * zoneSize, length };
    case 'in-area':
      return { name: 'write', offset: pointer + random(8) * block, length };
    case 'commit':
      return { name: 'commit', zone, end: pointer + (random(6) - 1) * block };
    case 'open-area':
    case 'set-extension':
      return { name: kind, zone };
    case 'manage':
      return { name: pick(random, ACTIONS.slice(0, random(20) === 0 ? 5 : 4)), zone };
    case 'stray': {
      const unit = pick(random, [block, block, block, 100]);
      const offset = (random(Math.ceil(size / unit) + 4) - 2) * unit;
      return { name: pick(random, ['read', 'write', 'append']), offset, length: random(9) * unit };
    }
    case 'read':
      return { name: 'read', offset: random(Math.ceil(size / block)) * block, length };
    case 'range': {
      const zones = 1 + random(4);
      const end = Math.min((zone + zones) * zoneSize, size) + pick(random, [0, 0, 0, 0, block]);
      const offset = zone * zoneSize + pick(random, [0, 0, 0, 0, block]);
      return { name: 'range', action: pick(random, sweeps(random)), offset, length: end - offset };
    }
    case 'all':
      return { name: 'all', action: pick(random, sweeps(random)) };
    case 'retract':
      return { name: 'retract', zone, goodEnd: pointer - random(4) * block };
    case 'restore':
      return {
        name: 'restore',
        zone,
        condition: pick(random, Object.keys(STATES)),
        pointer: zone * zoneSize + (random(zoneSize / block + 3) - 1) * block,
        resets: random(100),
      };
    case 'fault':
      return { name: pick(random, ['set-read-only', 'set-offline']), zone: zone + random(2) };
  }
}

const STATES: Record<string, ZoneState> = {
  'not-wp': ZoneState.NotWritePointer,
  empty: ZoneState.Empty,
  'implicit-open': ZoneState.ImplicitOpen,
  'explicit-open': ZoneState.ExplicitOpen,
  closed: ZoneState.Closed,
  full: ZoneState.Full,
  'read-only': ZoneState.ReadOnly,
  offline: ZoneState.Offline,
};

function give(machine: ZoneMachine, command: Command): number | undefined {
  switch (command.name) {
    case 'read':
      machine.checkRead(command.offset, command.length);
      break;
    case 'check-write':
      machine.checkWrite(command.offset, command.length);
      break;
    case 'write':
      machine.write(command.offset, command.length);
      break;
    case 'append':
      return machine.append(command.offset, command.length);
    case 'all':
      machine.manageAll(command.action);
      break;
    case 'range':
      machine.manageRange(command.action, command.offset, command.length);
      break;
    case 'set-read-only':
      machine.setReadOnly(command.zone);
      break;
    case 'set-offline':
      machine.setOffline(command.zone);
      break;
    case 'retract':
      machine.retract(command.zone, command.goodEnd);
      break;
    case 'restore': {
      const state = STATES[command.condition] as ZoneState;
      machine.restore(command.zone, state, command.pointer, command.resets);
      break;
    }
    case 'open-area':
      machine.openWithZrwa(command.zone);
      break;
    case 'commit':
      machine.commit(command.zone, command.end);
      break;
    case 'set-extension':
      machine.setExtension(command.zone);
      break;
    default:
      machine[command.name](command.zone);
  }
  return undefined;
}

/** What a command came to: its answer, or the code of its refusal. Anything else thrown is a fault. */
function outcome(run: () => number | undefined): string {
  try {
    return `ok ${run()}`;
  } catch (error) {
    if (error instanceof ImageError || error instanceof Refused) return error.code;
    throw error;
  }
}

function runDevice(random: Random, tally: Map<string, number>, seed: number): void {
  const geometry = randomGeometry(random);
  const enforceLimits = random(5) !== 0;
  const strict = geometry.profile === 'zbc' && random(2) === 0;
  const readAcrossZones = random(3) !== 0;
  const model = new NaiveZones(geometry, enforceLimits, strict, readAcrossZones);
  let machine = new ZoneMachine(geometry, {
    enforceLimits,
    readAcrossZones,
    readBeyondWritePointer: strict ? 'error' : 'zeroes',
  });
  const told = Array.from(machine.states);
  let closedForRoom: number[] = [];
  const listen = (transition: ZoneTransition) => {
    // A transition that does not follow from the last one spoils the copy, and the comparison shows it.
    const follows = told[transition.zoneIndex] === transition.from;
    told[transition.zoneIndex] = follows ? transition.to : Number.NaN;
    if (transition.cause === 'auto-close') closedForRoom.push(transition.zoneIndex);
  };
  machine.onTransition = listen;

  for (let step = 0; step < COMMANDS_PER_DEVICE; step++) {
    const command = randomCommand(random, machine);
    const expected = outcome(() => model.run(command));
    const actual = outcome(() => give(machine, command));
    const key = `${command.name} ${expected.split(' ')[0]}`;
    tally.set(key, (tally.get(key) ?? 0) + 1);
    if (command.name === 'restore') told[command.zone] = machine.states[command.zone] as number;
    const seen = { result: actual, closedForRoom, ...stateOf(machine), told };
    const conditions = Array.from(machine.states);
    const wanted = { result: expected, closedForRoom: model.victims, ...stateOfModel(model) };
    agree(seen, { ...wanted, told: conditions }, () => ({ seed, step, command, geometry }));
    machine.assertConsistent();
    closedForRoom = [];
    model.victims = [];
    if (random(50) === 0) {
      const left = machine;
      machine = machine.clone();
      machine.onTransition = listen;
      left.onTransition = undefined;
      left.resetAll();
      outcome(() => left.append(geometry.size - geometry.zoneSize, geometry.logicalBlockSize));
    }
  }
}

function stateOf(machine: ZoneMachine): object {
  const zones = Array.from(machine.states, (_, index) => machine.zone(index));
  const pointers = Array.from(machine.writePointers);
  return { zones, pointers, open: machine.openCount, active: machine.activeCount };
}

function stateOfModel(model: NaiveZones): object {
  const zones = model.zones.map((zone) => ({
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
  }));
  const pointers = model.zones.map((zone) => zone.pointer);
  return { zones, pointers, open: model.openCount, active: model.activeCount };
}

/** Compares as text first: jest's own comparison, with its fine report, takes most of a minute for a run. */
function agree(seen: object, wanted: object, context: () => object): void {
  if (JSON.stringify(seen) === JSON.stringify(wanted)) return;
  expect({ ...context(), ...seen }).toEqual({ ...context(), ...wanted });
}

it.each(seeds(1, 30))('agrees with a naive model after each of many commands (seed %i)', (seed) => {
  const random = randomFrom(seed);
  const tally = new Map<string, number>();
  for (let device = 0; device < DEVICES; device++) runDevice(random, tally, seed);
  // Without these the run would have proved less than it seems to.
  for (const [command, result] of [
    ['write', 'ok'],
    ['append', 'ok'],
    ['write', 'too_many_open_zones'],
    ['write', 'too_many_active_zones'],
    ['range', 'too_many_open_zones'],
    ['all', 'too_many_open_zones'],
    ['read', 'read_beyond_write_pointer'],
    ['read', 'zone_boundary_error'],
    ['restore', 'image_corrupt'],
    ['open-area', 'ok'],
    ['open-area', 'zrwa_unavailable'],
    ['commit', 'ok'],
    ['set-extension', 'ok'],
  ]) {
    expect(`${command} ${result}: ${tally.get(`${command} ${result}`) ?? 0}`).not.toMatch(/: 0$/);
  }
});
