/**
 * Which results a command can have in each condition of its zone, by rule book: random runs must meet all of them, and
 * no other. Written from the tables of NVMe ZNS 1.1 and ZBC-2, not from the code.
 */

/** Counts by "profile|command|condition|result". */
export type Tally = Map<string, number>;

/**
 * Lines of "rule book | commands | conditions | results": all results of a line are reached by all its commands in all
 * its conditions. `*`: both rule books. A result in brackets may stay away, for it takes rare company.
 */
const REACHABLE = `
* | write zeroes append | empty | ok zone_boundary_error too_many_active_zones too_many_open_zones
* | write zeroes append | closed | ok zone_boundary_error too_many_open_zones
* | write zeroes append | implicit-open explicit-open | ok zone_boundary_error
* | write zeroes | empty closed implicit-open explicit-open | zone_invalid_write
* | write append | empty closed implicit-open explicit-open | io_error
* | write zeroes append | full | zone_full
* | write zeroes append | read-only | zone_read_only
* | write zeroes append | offline | zone_offline
* | append | empty closed implicit-open explicit-open full read-only offline | invalid_field
zbc | append | empty closed implicit-open explicit-open full read-only offline | invalid_zone_operation
zbc | append | not-wp | invalid_field
zbc | write zeroes | not-wp | ok zone_boundary_error zone_offline [zone_read_only]
zbc | write | not-wp | io_error
zns | write:area zeroes:area | implicit-open explicit-open closed | ok zone_invalid_write zone_boundary_error
zns | write:area zeroes:area open-area:area | closed | too_many_open_zones
zns | write:area | implicit-open explicit-open closed | io_error
zns | append:area | implicit-open explicit-open closed | invalid_zone_operation invalid_field
* | read | empty closed implicit-open explicit-open full read-only | ok zone_boundary_error zone_offline
* | read | offline | zone_offline zone_boundary_error
zbc | read | not-wp | ok zone_boundary_error zone_offline
zbc | read | empty closed implicit-open explicit-open | read_beyond_write_pointer
zbc | read | full read-only not-wp | [read_beyond_write_pointer]
* | open | empty | ok too_many_active_zones too_many_open_zones
* | open | closed | ok too_many_open_zones
* | open close finish reset | implicit-open explicit-open | ok
* | close | closed | ok
* | finish | empty closed full | ok
* | reset | empty closed full | ok
* | offline | empty implicit-open explicit-open closed full | invalid_zone_transition
* | offline | read-only offline | ok
zns | open close | full | invalid_zone_transition
zns | close | empty | invalid_zone_transition
zns | open close finish reset | read-only offline | invalid_zone_transition
zbc | open close | full | ok
zbc | close | empty | ok
zbc | finish | empty closed | too_many_open_zones
zbc | open close finish reset | read-only | zone_read_only
zbc | open close finish reset | offline | zone_offline
zbc | open close finish reset offline | not-wp read-only offline | invalid_field
zns | open-area set-extension | empty | ok too_many_active_zones
zns | open-area | empty | too_many_open_zones zrwa_unavailable
zns | open-area set-extension | implicit-open explicit-open closed full read-only offline | invalid_zone_transition
zns | open-area:area | implicit-open explicit-open closed | ok
zns | commit:area | implicit-open explicit-open closed | ok invalid_field
zns | open-area set-extension commit | empty implicit-open explicit-open closed full read-only offline | invalid_field
zbc | open-area set-extension commit | empty implicit-open explicit-open closed full read-only offline not-wp | invalid_field
* | set-read-only set-offline | empty implicit-open explicit-open closed full read-only offline | ok
zbc | set-read-only set-offline | not-wp | ok
* | open-of-a-range close-of-a-range finish-of-a-range reset-of-a-range | - | ok invalid_field lba_out_of_range
zns | open-of-a-range close-of-a-range finish-of-a-range reset-of-a-range | - | invalid_zone_transition
zbc | open-of-a-range close-of-a-range finish-of-a-range reset-of-a-range | - | zone_offline zone_read_only
* | open-of-a-range | - | too_many_open_zones too_many_active_zones
zbc | finish-of-a-range | - | [too_many_open_zones]
* | open-of-all close-of-all finish-of-all reset-of-all offline-of-all | - | ok
* | open-of-all | - | too_many_open_zones
* | batch | - | ok zone_invalid_write zone_boundary_error zone_full zone_read_only zone_offline
* | batch | - | too_many_active_zones too_many_open_zones
zns | batch | - | [zone_boundary_error]
* | batch | - | [lba_out_of_range]
* | stray-read | - | ok invalid_field lba_out_of_range zone_boundary_error zone_offline
zbc | stray-read | - | read_beyond_write_pointer
* | stray-write | - | ok invalid_field lba_out_of_range zone_invalid_write zone_full zone_offline zone_read_only
* | stray-write | - | [zone_boundary_error] [too_many_active_zones] [too_many_open_zones]
* | stray-append | - | invalid_field lba_out_of_range
* | stray-append | - | [ok] [zone_full] [zone_offline] [zone_read_only] [zone_boundary_error]
* | stray-append | - | [too_many_active_zones] [too_many_open_zones] [invalid_zone_operation]
`;

const CONDITIONS = [
  ...['empty', 'implicit-open', 'explicit-open', 'closed', 'full', 'read-only', 'offline'],
  ...['not-wp', '-'],
];

const required = new Set<string>();
const optional = new Set<string>();
for (const line of REACHABLE.trim().split('\n')) {
  const [books, commands, conditions, results] = line
    .split('|')
    .map((part) => part.trim().split(' '));
  for (const book of books?.[0] === '*' ? ['zns', 'zbc'] : (books ?? []))
    for (const command of commands ?? [])
      for (const condition of conditions ?? [])
        for (const result of results ?? []) {
          const named = result.replace(/[[\]]/g, '');
          (named === result ? required : optional).add(`${book}|${command}|${condition}|${named}`);
        }
}

/** Results that were to be met and were not. */
export function gaps(tally: Tally): string[] {
  return [...required].filter((key) => !tally.has(key));
}

/** Results that no rule leads to. */
export function unexpected(tally: Tally): string[] {
  return [...tally.keys()].filter((key) => !required.has(key) && !optional.has(key));
}

/** A line per rule book, command and condition: each result with its count, those never met with 0. */
export function tableOf(tally: Tally): string {
  const lines = new Map<string, string[]>();
  for (const key of new Set([...required, ...tally.keys()])) {
    const [book = '', command = '', condition = '', result = ''] = key.split('|');
    const place = CONDITIONS.indexOf(condition);
    const head = `${book} ${command.padEnd(18)} ${place} ${condition.padEnd(14)}`;
    lines.set(head, [...(lines.get(head) ?? []), `${result} ${tally.get(key) ?? 0}`]);
  }
  const rows = [...lines].sort(([a], [b]) => (a < b ? -1 : 1));
  return rows
    .map(([head, cells]) => `${head.replace(/ \d /, ' ')} ${cells.sort().join(', ')}`)
    .join('\n');
}
