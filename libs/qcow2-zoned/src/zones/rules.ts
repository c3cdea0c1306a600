/**
 * The two rule books, reduced to the points where they differ.
 * Sources: NVMe Zoned Namespace Command Set 1.1 (zone state machine, Zone Management Send); ZBC-2 (zone
 * conditions, open zone resources).
 */

import type { ZoneErrorCode } from '../errors.ts';
import type { ZonedProfile } from './zone.ts';

export interface RuleBook {
  /** Opening a full zone and closing an empty or full one succeed and change nothing; else they are refused. */
  readonly ignoresIdleCommands: boolean;
  /** Finishing an empty or closed zone passes through an open condition, and so needs an open slot. */
  readonly finishNeedsOpenSlot: boolean;
  /** A zone that is closed with nothing written becomes empty; else it stays closed and active. */
  readonly closesUnwrittenToEmpty: boolean;
  /** What open, close, finish and reset of a read-only zone answer. */
  readonly manageReadOnly: ZoneErrorCode;
  /** What open, close, finish and reset of an offline zone answer. */
  readonly manageOffline: ZoneErrorCode;
}

export const RULE_BOOKS: Readonly<Record<ZonedProfile, RuleBook>> = {
  zns: {
    ignoresIdleCommands: false,
    finishNeedsOpenSlot: false,
    closesUnwrittenToEmpty: false,
    manageReadOnly: 'invalid_zone_transition',
    manageOffline: 'invalid_zone_transition',
  },
  zbc: {
    ignoresIdleCommands: true,
    finishNeedsOpenSlot: true,
    closesUnwrittenToEmpty: true,
    manageReadOnly: 'zone_read_only',
    manageOffline: 'zone_offline',
  },
};
