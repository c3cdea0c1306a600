/** The words of the naive model of zones: its commands, its zones, and what a refusal is. */

export interface NaiveGeometry {
  profile: string;
  size: number;
  zoneSize: number;
  zoneCapacity: number;
  conventionalZones: number;
  maxOpenZones: number;
  maxActiveZones: number;
  maxAppendBytes: number;
  logicalBlockSize: number;
  zrwaSize?: number | undefined;
  zrwaFlushGranularity?: number | undefined;
  zrwaZones?: number | undefined;
  descriptorExtensionSize?: number | undefined;
}

export interface NaiveZone {
  index: number;
  conventional: boolean;
  condition: string;
  begin: number;
  end: number;
  dataLimit: number;
  pointer: number;
  resets: number;
  /** When it was last written, in commands. */
  writtenAt: number;
  /** It has a random write area. */
  area: boolean;
  /** It has a descriptor extension. */
  extension: boolean;
}

export type Command =
  | { name: 'read' | 'write' | 'check-write' | 'append'; offset: number; length: number }
  | { name: 'open' | 'close' | 'finish' | 'reset' | 'offline'; zone: number }
  | { name: 'open-area' | 'set-extension'; zone: number }
  | { name: 'commit'; zone: number; end: number }
  | { name: 'all'; action: Action }
  | { name: 'range'; action: Action; offset: number; length: number }
  | { name: 'set-read-only' | 'set-offline'; zone: number }
  | { name: 'retract'; zone: number; goodEnd: number }
  | { name: 'restore'; zone: number; condition: string; pointer: number; resets: number };

export type Action = 'open' | 'close' | 'finish' | 'reset' | 'offline';

export class Refused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}
