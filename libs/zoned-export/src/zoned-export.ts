/**
 * A device as an NBD export. NBD knows no zones, so its commands are given a meaning in them:
 *
 * | command      | sequential zone                                                      | elsewhere |
 * |--------------|----------------------------------------------------------------------|-----------|
 * | WRITE        | a write at the write pointer                                         | a write   |
 * | WRITE_ZEROES | covering the zone's capacity: reset; else zeroes at the write pointer | zeroes    |
 * | TRIM         | covering the zone's capacity: reset; else nothing                    | discard   |
 *
 * A request is cut at zone borders, and the device checks all pieces before any takes effect.
 */

import {
  AllocationState,
  BASE_ALLOCATION,
  type MaybePromise,
  type NbdExport,
  type NbdExtent,
} from '@zonelab/nbd';
import type { DeviceCommand, Extent, Zone } from '@zonelab/qcow2-zoned';
import { toNbdError } from './errors.ts';
import { ResetSequences } from './reset-sequences.ts';
import { coversZone, cutAtZones, type Piece } from './zone-cutter.ts';
import type { ZonedBlockDevice } from './zoned-block-device.ts';

export interface ZonedExportOptions {
  /** Refuse changes even where the device would take them. */
  readOnly?: boolean;
  /** For people; NBD clients can list it. */
  description?: string;
  /** `reset`: pieces of zeroes that QEMU makes of a zone reset act as that reset. Default `write`. */
  zeroes?: 'write' | 'reset';
  /** `ignore`: TRIM does nothing at all, for guests that track write pointers themselves. Default `reset`. */
  trim?: 'reset' | 'ignore';
}

/** Clients gain from aligning to host pages; clusters are larger, but the device writes parts of them well. */
const PREFERRED_BLOCK_BYTES = 4096;

export class ZonedExport implements NbdExport {
  readonly size: number;
  readonly description?: string;
  readonly readOnly: boolean;
  readonly rotational: boolean;
  /** One device stands behind all connections, and its flush covers all that it answered. */
  readonly multiConn = true;
  /** Zeroes are a matter of metadata, but for the odd ends of clusters. */
  readonly fastZero = true;
  readonly minimumBlockSize: number;
  readonly preferredBlockSize = PREFERRED_BLOCK_BYTES;
  readonly metaContexts = [BASE_ALLOCATION];
  private readonly sequences: ResetSequences | undefined;
  private readonly trims: 'reset' | 'ignore';

  constructor(
    private readonly device: ZonedBlockDevice,
    options: ZonedExportOptions = {},
  ) {
    this.size = device.size;
    this.description = options.description;
    this.readOnly = device.readOnly || (options.readOnly ?? false);
    this.rotational = device.geometry?.profile === 'zbc';
    this.minimumBlockSize = device.logicalBlockSize;
    this.sequences = options.zeroes === 'reset' ? new ResetSequences() : undefined;
    this.trims = options.trim ?? 'reset';
  }

  read(offset: number, target: Buffer): MaybePromise<void> {
    return translated(() => this.device.read(offset, target));
  }

  write(offset: number, data: Buffer): MaybePromise<void> {
    return this.submit(
      this.cut(offset, data.length).map((piece) => ({
        kind: 'write',
        offset: piece.offset,
        data: data.subarray(piece.offset - offset, piece.offset - offset + piece.length),
      })),
    );
  }

  writeZeroes(offset: number, length: number): MaybePromise<void> {
    const plans = this.cut(offset, length).map((piece) => this.planZeroes(piece));
    const submitted = this.submit(plans.flatMap(({ commands }) => commands));
    const accept = () => {
      for (const { accepted } of plans) accepted?.();
    };
    return submitted instanceof Promise ? submitted.then(accept) : accept();
  }

  trim(offset: number, length: number): MaybePromise<void> {
    if (this.trims === 'ignore') return undefined;
    return this.submit(this.cut(offset, length).flatMap((piece) => this.trimCommands(piece)));
  }

  flush(): Promise<void> {
    return this.device.flush().catch((error: unknown) => {
      throw toNbdError(error);
    });
  }

  blockStatus(_context: string, offset: number, length: number): MaybePromise<NbdExtent[]> {
    return translated(() => this.device.allocation(offset, length).map(allocationExtent));
  }

  private planZeroes(piece: Piece): {
    commands: readonly DeviceCommand[];
    accepted?: () => void;
  } {
    const { offset, length, zone } = piece;
    if (zone !== undefined && this.sequences !== undefined) {
      const planned = this.sequences.plan(piece, zone, this.device.zone(zone.index));
      if (planned !== undefined) return planned;
    }
    if (zone !== undefined && coversZone(piece)) {
      return { commands: [{ kind: 'reset', zoneIndex: zone.index }] };
    }
    return { commands: [{ kind: 'zeroes', offset, length }] };
  }

  private trimCommands(piece: Piece): DeviceCommand[] {
    const { offset, length, zone } = piece;
    if (zone === undefined) return [{ kind: 'discard', offset, length }];
    if (!coversZone(piece) || !isResettable(this.device.zone(zone.index))) return [];
    return [{ kind: 'reset', zoneIndex: zone.index }];
  }

  private cut(offset: number, length: number): Piece[] {
    return cutAtZones(this.device.geometry, offset, length);
  }

  private submit(commands: readonly DeviceCommand[]): MaybePromise<void> {
    if (commands.length === 0) return undefined;
    return translated(() => this.device.submit(commands));
  }
}

/** A TRIM is a hint: zones that cannot be reset are none of its business. */
function isResettable({ condition }: Zone): boolean {
  return condition !== 'read-only' && condition !== 'offline';
}

function allocationExtent({ length, data, zero }: Extent): NbdExtent {
  const status = (data ? 0 : AllocationState.Hole) | (zero ? AllocationState.Zero : 0);
  return { length, status };
}

/** Runs a device operation, with its refusals as NBD errors however they come. */
function translated<T>(operation: () => MaybePromise<T>): MaybePromise<T> {
  const rethrow = (error: unknown): never => {
    throw toNbdError(error);
  };
  try {
    const result = operation();
    return result instanceof Promise ? result.catch(rethrow) : result;
  } catch (error) {
    return rethrow(error);
  }
}
