/** Every command in every condition under both rule books, with what the standards say typed in as tables. */

import { describe, expect, it } from '@jest/globals';
import { ImageError } from '../errors.ts';
import { zoneGeometry } from './geometry.ts';
import { ZoneMachine } from './machine.ts';
import type { ZonedProfile } from './zone.ts';

const KIB = 1024;
const ZONE = 64 * KIB;
const BLOCK = 4 * KIB;
/** The zone that the commands are given to; zones 2 and up are its neighbours, which hold slots. */
const SUBJECT = 1;
const START = SUBJECT * ZONE;

/** A cell is the condition that the zone ends in, or the code of the refusal. */
const TABLES: Record<ZonedProfile, string> = {
  zns: `
    command        | empty                   | implicit-open           | explicit-open           | closed                  | full                    | read-only               | offline
    write          | implicit-open           | implicit-open           | explicit-open           | implicit-open           | zone_full               | zone_read_only          | zone_offline
    append         | implicit-open           | implicit-open           | explicit-open           | implicit-open           | zone_full               | zone_read_only          | zone_offline
    write-the-rest | full                    | full                    | full                    | full                    | zone_full               | zone_read_only          | zone_offline
    append-the-rest| full                    | full                    | full                    | full                    | zone_full               | zone_read_only          | zone_offline
    write-ahead    | zone_invalid_write      | zone_invalid_write      | zone_invalid_write      | zone_invalid_write      | zone_full               | zone_read_only          | zone_offline
    write-too-much | zone_boundary_error     | zone_boundary_error     | zone_boundary_error     | zone_boundary_error     | zone_full               | zone_read_only          | zone_offline
    append-too-much| zone_boundary_error     | zone_boundary_error     | zone_boundary_error     | zone_boundary_error     | zone_full               | zone_read_only          | zone_offline
    read           | empty                   | implicit-open           | explicit-open           | closed                  | full                    | read-only               | zone_offline
    open           | explicit-open           | explicit-open           | explicit-open           | explicit-open           | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition
    close          | invalid_zone_transition | closed                  | closed                  | closed                  | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition
    finish         | full                    | full                    | full                    | full                    | full                    | invalid_zone_transition | invalid_zone_transition
    reset          | empty                   | empty                   | empty                   | empty                   | empty                   | invalid_zone_transition | invalid_zone_transition
    offline        | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition | offline                 | offline
    open-with-area | explicit-open           | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition
    set-extension  | closed                  | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition
    commit         | invalid_field           | invalid_field           | invalid_field           | invalid_field           | invalid_field           | invalid_field           | invalid_field
    open all       | empty                   | implicit-open           | explicit-open           | explicit-open           | full                    | read-only               | offline
    close all      | empty                   | closed                  | closed                  | closed                  | full                    | read-only               | offline
    finish all     | empty                   | full                    | full                    | full                    | full                    | read-only               | offline
    reset all      | empty                   | empty                   | empty                   | empty                   | empty                   | read-only               | offline`,
  zbc: `
    command        | empty                   | implicit-open           | explicit-open           | closed                  | full                    | read-only               | offline
    write          | implicit-open           | implicit-open           | explicit-open           | implicit-open           | zone_full               | zone_read_only          | zone_offline
    append         | implicit-open           | implicit-open           | explicit-open           | implicit-open           | zone_full               | zone_read_only          | zone_offline
    write-the-rest | full                    | full                    | full                    | full                    | zone_full               | zone_read_only          | zone_offline
    append-the-rest| full                    | full                    | full                    | full                    | zone_full               | zone_read_only          | zone_offline
    write-ahead    | zone_invalid_write      | zone_invalid_write      | zone_invalid_write      | zone_invalid_write      | zone_full               | zone_read_only          | zone_offline
    write-too-much | zone_boundary_error     | zone_boundary_error     | zone_boundary_error     | zone_boundary_error     | zone_full               | zone_read_only          | zone_offline
    append-too-much| zone_boundary_error     | zone_boundary_error     | zone_boundary_error     | zone_boundary_error     | zone_full               | zone_read_only          | zone_offline
    read           | empty                   | implicit-open           | explicit-open           | closed                  | full                    | read-only               | zone_offline
    open           | explicit-open           | explicit-open           | explicit-open           | explicit-open           | full                    | zone_read_only          | zone_offline
    close          | empty                   | closed                  | closed                  | closed                  | full                    | zone_read_only          | zone_offline
    finish         | full                    | full                    | full                    | full                    | full                    | zone_read_only          | zone_offline
    reset          | empty                   | empty                   | empty                   | empty                   | empty                   | zone_read_only          | zone_offline
    offline        | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition | invalid_zone_transition | offline                 | offline
    open all       | empty                   | implicit-open           | explicit-open           | explicit-open           | full                    | read-only               | offline
    close all      | empty                   | closed                  | closed                  | closed                  | full                    | read-only               | offline
    finish all     | empty                   | full                    | full                    | full                    | full                    | read-only               | offline
    reset all      | empty                   | empty                   | empty                   | empty                   | empty                   | read-only               | offline`,
};

/** Where the table's answer changes because of the neighbours; commands and conditions not named keep it. */
interface LimitState {
  name: string;
  /** Conditions of zones 2, 3, … with 2 open and 4 active allowed; the subject is not open in these states. */
  neighbours: string[];
  refused: Record<ZonedProfile, string[]>;
  code?: string;
  /** "command condition" cells that make the device close zone 2. */
  evicting: Record<ZonedProfile, string[]>;
}

const TAKES_SLOT = ['write', 'append', 'write-the-rest', 'append-the-rest', 'open'];
const FROM_EMPTY = TAKES_SLOT.map((command) => `${command} empty`);
const FROM_CLOSED = TAKES_SLOT.map((command) => `${command} closed`);
const OPENING = [...FROM_EMPTY, ...FROM_CLOSED, 'open all closed'];
/** ZNS alone has these. */
const ACTIVATING = ['open-with-area empty', 'set-extension empty'];
const ZNS_OPENING = [...OPENING, 'open-with-area empty'];
const FINISHING = ['finish empty', 'finish closed'];

const LIMIT_STATES: LimitState[] = [
  {
    name: 'with slots free',
    neighbours: [],
    refused: { zns: [], zbc: [] },
    evicting: { zns: [], zbc: [] },
  },
  {
    name: 'at the open limit with an implicitly open neighbour',
    neighbours: ['implicit-open', 'explicit-open'],
    refused: { zns: [], zbc: [] },
    evicting: { zns: ZNS_OPENING, zbc: [...OPENING, ...FINISHING] },
  },
  {
    name: 'at the open limit with explicitly open neighbours only',
    neighbours: ['explicit-open', 'explicit-open'],
    refused: { zns: ZNS_OPENING, zbc: [...OPENING, ...FINISHING] },
    code: 'too_many_open_zones',
    evicting: { zns: [], zbc: [] },
  },
  {
    name: 'at the active limit',
    neighbours: ['closed', 'closed', 'closed', 'closed'],
    refused: { zns: [...FROM_EMPTY, ...ACTIVATING], zbc: FROM_EMPTY },
    code: 'too_many_active_zones',
    evicting: { zns: [], zbc: [] },
  },
];

function machineOf(profile: ZonedProfile): ZoneMachine {
  return new ZoneMachine(
    zoneGeometry({
      profile,
      size: 8 * ZONE,
      zoneSize: ZONE,
      maxOpenZones: 2,
      maxActiveZones: 4,
      maxAppendBytes: 2 * ZONE,
      ...(profile === 'zns' && { zrwaSize: BLOCK, descriptorExtensionSize: 64 }),
    }),
  );
}

/** Brings an empty zone to a condition, with one block written where the condition allows it. */
function prepare(machine: ZoneMachine, index: number, condition: string): void {
  if (condition === 'empty') return;
  machine.write(index * ZONE, BLOCK);
  if (condition === 'explicit-open') machine.open(index);
  if (condition === 'closed') machine.close(index);
  if (condition === 'full') machine.finish(index);
  if (condition === 'read-only') machine.setReadOnly(index);
  if (condition === 'offline') machine.setOffline(index);
  expect(machine.zone(index).condition).toBe(condition);
}

function perform(machine: ZoneMachine, command: string): void {
  const pointer = machine.writePointers[SUBJECT] as number;
  const rest = START + ZONE - pointer;
  if (command === 'write') machine.write(pointer, BLOCK);
  else if (command === 'append') machine.append(START, BLOCK);
  else if (command === 'write-the-rest') machine.write(pointer, rest);
  else if (command === 'append-the-rest') machine.append(START, rest);
  else if (command === 'write-ahead') machine.write(pointer + BLOCK, BLOCK);
  else if (command === 'write-too-much') machine.write(pointer, rest + BLOCK);
  else if (command === 'append-too-much') machine.append(START, rest + BLOCK);
  else if (command === 'read') machine.checkRead(START, ZONE);
  else if (command === 'open-with-area') machine.openWithZrwa(SUBJECT);
  else if (command === 'set-extension') machine.setExtension(SUBJECT);
  else if (command === 'commit') machine.commit(SUBJECT, pointer + BLOCK);
  else if (command.endsWith(' all')) machine.manageAll(command.split(' ')[0] as 'open');
  else machine.manage(command as 'open', SUBJECT);
}

function snapshot(machine: ZoneMachine): unknown {
  return {
    zones: Array.from({ length: 8 }, (_, index) => machine.zone(index)),
    open: machine.openCount,
    active: machine.activeCount,
  };
}

interface Cell {
  command: string;
  condition: string;
  expected: string;
}

function cellsOf(table: string): Cell[] {
  const [header, ...rows] = table
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  return rows.flatMap(([command, ...cells]) =>
    cells.map((expected, column) => ({
      command: command ?? '',
      condition: header?.[column + 1] ?? '',
      expected,
    })),
  );
}

/** The subject's own open condition would count to the limit that the neighbours are to reach, and so would theirs. */
function fits(state: LimitState, { command, condition }: Cell): boolean {
  if (command === 'open all' && state.neighbours.includes('closed')) return false;
  return state.neighbours.length === 0 || !condition.endsWith('-open');
}

describe.each(['zns', 'zbc'] as const)('the %s rule book', (profile) => {
  for (const state of LIMIT_STATES) {
    const cells = cellsOf(TABLES[profile]).filter((cell) => fits(state, cell));
    const answered = cells.map((cell) => {
      const key = `${cell.command} ${cell.condition}`;
      const expected = state.refused[profile].includes(key) ? (state.code ?? '') : cell.expected;
      return { ...cell, expected, evicts: state.evicting[profile].includes(key) };
    });
    it.each(answered)(
      `${state.name} answers $command of a zone that is $condition with $expected`,
      ({ command, condition, expected, evicts }) => {
        const machine = machineOf(profile);
        prepare(machine, SUBJECT, condition);
        const active = condition === 'closed' ? 1 : 0;
        const neighbours =
          state.neighbours.length === 4 ? state.neighbours.slice(active) : state.neighbours;
        neighbours.forEach((neighbour, at) => {
          prepare(machine, SUBJECT + 1 + at, neighbour);
        });
        const before = snapshot(machine);
        const evicted: number[] = [];
        machine.onTransition = ({ zoneIndex, cause }) => {
          if (cause === 'auto-close') evicted.push(zoneIndex);
        };
        let refusal: unknown;
        try {
          perform(machine, command);
        } catch (error) {
          refusal = error;
        }
        machine.assertConsistent();
        expect(evicted).toEqual(evicts ? [SUBJECT + 1] : []);
        if (refusal === undefined) {
          expect(machine.zone(SUBJECT).condition).toBe(expected);
          if (evicts) expect(machine.zone(SUBJECT + 1).condition).toBe('closed');
        } else {
          expect(refusal).toBeInstanceOf(ImageError);
          expect((refusal as ImageError).code).toBe(expected);
          expect(snapshot(machine)).toEqual(before);
        }
      },
    );
  }
});

describe('a conventional zone', () => {
  it.each(['open', 'close', 'finish', 'reset', 'offline'] as const)('refuses %s', (action) => {
    const machine = new ZoneMachine(
      zoneGeometry({ size: 4 * ZONE, zoneSize: ZONE, conventionalZones: 2 }),
    );
    expect(() => machine.manage(action, 1)).toThrow(
      expect.objectContaining({ code: 'invalid_field' }),
    );
  });
});

describe('a zone opened and not written', () => {
  it('is closed and stays active under zns', () => {
    const machine = machineOf('zns');
    machine.open(SUBJECT);
    machine.close(SUBJECT);
    expect(machine.zone(SUBJECT).condition).toBe('closed');
    expect(machine.activeCount).toBe(1);
  });

  it('becomes empty again under zbc', () => {
    const machine = machineOf('zbc');
    machine.open(SUBJECT);
    machine.close(SUBJECT);
    expect(machine.zone(SUBJECT).condition).toBe('empty');
    expect(machine.activeCount).toBe(0);
  });
});
