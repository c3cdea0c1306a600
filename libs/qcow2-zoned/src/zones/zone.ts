/** The words of zoned storage: geometry, conditions, and the zone as reports show it. */

/** Which rule book answers where the standards differ. `zbc`: ZBC-2 and ZAC-2. `zns`: NVMe ZNS 1.1. */
export type ZonedProfile = 'zbc' | 'zns';

/** Shape and limits of a zoned device. All sizes are bytes; a limit of 0 means "no limit". */
export interface ZonedGeometry {
  readonly profile: ZonedProfile;
  /** Size of the device. Its last zone may be short under `zbc`. */
  readonly size: number;
  readonly zoneSize: number;
  /** Writable bytes of a zone, from its start; at most `zoneSize`. */
  readonly zoneCapacity: number;
  /** ceil(size / zoneSize). */
  readonly zoneCount: number;
  /** Conventional zones, at the start of the device. */
  readonly conventionalZones: number;
  readonly maxOpenZones: number;
  readonly maxActiveZones: number;
  /** Largest append; 0 means that the device has no append. */
  readonly maxAppendBytes: number;
  /** Granularity of every address and length: 512 or 4096. */
  readonly logicalBlockSize: number;
  /** `zns`: size of a zone random write area; 0 or undefined: none. */
  readonly zrwaSize?: number | undefined;
  /** Unit in which a zone random write area is committed. */
  readonly zrwaFlushGranularity?: number | undefined;
  /** Zones that can have a zone random write area at once. */
  readonly zrwaZones?: number | undefined;
  /** `zns`: bytes that a host can attach to a zone; 0 or undefined: none. */
  readonly descriptorExtensionSize?: number | undefined;
}

/** What holds of a zone beside its condition. Bits as in the Zone Attributes of NVMe ZNS 1.1. */
export const ZoneAttribute = {
  /** The zone has a zone random write area. */
  zrwa: 0x08,
  /** The zone has a descriptor extension. */
  extension: 0x80,
} as const;

/** Zone conditions. Numbers are the Zone State values of NVMe ZNS 1.1 and ZBC-2, as stored in zone words. */
export const ZoneState = {
  NotWritePointer: 0,
  Empty: 1,
  ImplicitOpen: 2,
  ExplicitOpen: 3,
  Closed: 4,
  ReadOnly: 13,
  Full: 14,
  Offline: 15,
} as const;
export type ZoneState = (typeof ZoneState)[keyof typeof ZoneState];

export type ZoneCondition =
  | 'not-wp'
  | 'empty'
  | 'implicit-open'
  | 'explicit-open'
  | 'closed'
  | 'read-only'
  | 'full'
  | 'offline';

export const CONDITION_NAMES: Readonly<Record<ZoneState, ZoneCondition>> = {
  [ZoneState.NotWritePointer]: 'not-wp',
  [ZoneState.Empty]: 'empty',
  [ZoneState.ImplicitOpen]: 'implicit-open',
  [ZoneState.ExplicitOpen]: 'explicit-open',
  [ZoneState.Closed]: 'closed',
  [ZoneState.ReadOnly]: 'read-only',
  [ZoneState.Full]: 'full',
  [ZoneState.Offline]: 'offline',
};

/** One row of a zone report. All positions and sizes are bytes. */
export interface Zone {
  readonly index: number;
  readonly type: 'conventional' | 'sequential';
  readonly condition: ZoneCondition;
  readonly start: number;
  readonly size: number;
  readonly capacity: number;
  /** Absolute. A full zone shows start + size; a conventional zone has no write pointer and shows its start. */
  readonly writePointer: number;
  /** Resets that moved the write pointer since the image was made. */
  readonly resetCount: number;
  /** Where the zone has a zone random write area. */
  readonly zrwa?: true;
  /** Where the zone has a descriptor extension. */
  readonly extension?: true;
}

export type ZoneAction = 'open' | 'close' | 'finish' | 'reset' | 'offline';

/** A change of condition, as given to subscribers. */
export interface ZoneTransition {
  readonly zoneIndex: number;
  readonly from: ZoneState;
  readonly to: ZoneState;
  /** What caused it: a command, the device making room at its open limit, or a fault. */
  readonly cause:
    | ZoneAction
    | 'write'
    | 'append'
    | 'commit'
    | 'set-extension'
    | 'auto-close'
    | 'fault';
}

/** A transition of a disk's zone, in the order and at the time at which it happened. */
export interface ZoneEvent extends ZoneTransition {
  /** Counts the events of one opening of the disk, from 0. */
  readonly sequence: number;
  /** Milliseconds since 1970, by the device's clock. */
  readonly timeMs: number;
}
