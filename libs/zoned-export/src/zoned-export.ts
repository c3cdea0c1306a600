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

import { setImmediate } from 'node:timers/promises';
import {
  AllocationState,
  BASE_ALLOCATION,
  type MaybePromise,
  type NbdExport,
  type NbdExtent,
} from '@zonelab/nbd';
import type { DeviceCommand, Extent, Zone } from '@zonelab/qcow2-zoned';
import { toNbdError } from './errors.ts';
import {
  CACHE_CHUNK_BYTES,
  MAX_ALLOCATION_BYTES,
  MAX_CACHE_BYTES,
  REORDER_WAIT_MS,
  SLICE_BYTES,
} from './limits.ts';
import { ResetSequences } from './reset-sequences.ts';
import { WriteOrder } from './write-order.ts';
import { WRITE_POINTER_CONTEXT, ZONE_CONTEXTS, zoneExtents } from './zone-contexts.ts';
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
  /**
   * Bytes of writes that may arrive ahead of a write pointer and wait for those before them, as clients with several
   * connections send them. 0, the default, refuses them at once.
   */
  reorder?: number;
  /** How long they wait. */
  reorderWaitMs?: number;
}

/** Clients gain from aligning to host pages; clusters are larger, but the device writes parts of them well. */
const PREFERRED_BLOCK_BYTES = 4096;

export class ZonedExport implements NbdExport {
  readonly description?: string;
  readonly rotational: boolean;
  /** One device stands behind all connections, and its flush covers all that it answered. */
  readonly multiConn = true;
  /** Zeroes are a matter of metadata, but for the odd ends of clusters. */
  readonly fastZero = true;
  readonly minimumBlockSize: number;
  readonly preferredBlockSize = PREFERRED_BLOCK_BYTES;
  readonly metaContexts: readonly string[];
  readonly wideContexts = [WRITE_POINTER_CONTEXT];
  private readonly sequences: ResetSequences | undefined;
  private readonly trims: 'reset' | 'ignore';
  private readonly order: WriteOrder | undefined;
  private refusesChanges: boolean;

  constructor(
    private readonly device: ZonedBlockDevice,
    options: ZonedExportOptions = {},
  ) {
    this.description = options.description;
    this.refusesChanges = options.readOnly ?? false;
    this.rotational = device.geometry?.profile === 'zbc';
    this.minimumBlockSize = device.logicalBlockSize;
    const zoned = device.geometry !== undefined;
    this.metaContexts = zoned ? [BASE_ALLOCATION, ...ZONE_CONTEXTS] : [BASE_ALLOCATION];
    this.sequences = options.zeroes === 'reset' ? new ResetSequences() : undefined;
    this.trims = options.trim ?? 'reset';
    const { reorder = 0, reorderWaitMs = REORDER_WAIT_MS } = options;
    this.order =
      zoned && reorder > 0
        ? new WriteOrder((index) => device.zone(index), {
            windowBytes: reorder,
            waitMs: reorderWaitMs,
          })
        : undefined;
  }

  /** Changes when the device is resized; clients that are connected go on with what they were told. */
  get size(): number {
    return this.device.size;
  }

  get readOnly(): boolean {
    return this.device.readOnly || this.refusesChanges;
  }

  /** Holds from the next request on, also for clients that connected before. */
  setReadOnly(value: boolean): void {
    this.refusesChanges = value;
  }

  read(offset: number, target: Buffer): MaybePromise<void> {
    return translated(() => this.device.read(offset, target));
  }

  write(offset: number, data: Buffer): MaybePromise<void> {
    const pieces = this.cut(offset, data.length);
    const write = () =>
      this.submit(
        pieces.map((piece) => ({
          kind: 'write',
          offset: piece.offset,
          data: data.subarray(piece.offset - offset, piece.offset - offset + piece.length),
        })),
      );
    return this.order === undefined ? write() : this.order.inTurn(pieces, write);
  }

  writeZeroes(offset: number, length: number): MaybePromise<void> {
    if (this.isLong(length)) return this.inSlices(offset, length, (at, n) => this.zero(at, n));
    return this.zero(offset, length);
  }

  private zero(offset: number, length: number): MaybePromise<void> {
    const pieces = this.cut(offset, length);
    if (this.order === undefined) return this.zeroPieces(pieces);
    return this.order.inTurn(pieces, () => this.zeroPieces(pieces));
  }

  private zeroPieces(pieces: readonly Piece[]): MaybePromise<void> {
    const plans = pieces.map((piece) => this.planZeroes(piece));
    const submitted = this.submit(plans.flatMap(({ commands }) => commands));
    const accept = () => {
      for (const { accepted } of plans) accepted?.();
    };
    return submitted instanceof Promise ? submitted.then(accept) : accept();
  }

  trim(offset: number, length: number): MaybePromise<void> {
    if (this.trims === 'ignore') return undefined;
    if (this.isLong(length)) return this.inSlices(offset, length, (at, n) => this.discard(at, n));
    return this.discard(offset, length);
  }

  private discard(offset: number, length: number): MaybePromise<void> {
    return this.submit(this.cut(offset, length).flatMap((piece) => this.trimCommands(piece)));
  }

  flush(): Promise<void> {
    return this.device.flush().catch((error: unknown) => {
      throw toNbdError(error);
    });
  }

  /** Reads ahead, so that the kernel has the data when it is asked for. */
  async cache(offset: number, length: number): Promise<void> {
    const end = offset + Math.min(length, MAX_CACHE_BYTES);
    const scratch = Buffer.allocUnsafe(CACHE_CHUNK_BYTES);
    for (let at = offset; at < end; at += CACHE_CHUNK_BYTES) {
      await this.read(at, scratch.subarray(0, Math.min(CACHE_CHUNK_BYTES, end - at)));
      await setImmediate();
    }
  }

  blockStatus(context: string, offset: number, length: number): MaybePromise<NbdExtent[]> {
    const { geometry } = this.device;
    if (context === BASE_ALLOCATION || geometry === undefined) {
      const bounded = Math.min(length, MAX_ALLOCATION_BYTES);
      return translated(() => allocationExtents(this.device.allocation(offset, bounded)));
    }
    const { zoneSize } = geometry;
    const table = { zoneSize, zone: (index: number) => this.device.zone(index) };
    return translated(() => zoneExtents(context, table, offset, length));
  }

  /** Only plain disks: in zones all pieces of a request are checked before any takes effect. */
  private isLong(length: number): boolean {
    return this.device.geometry === undefined && length > SLICE_BYTES;
  }

  private async inSlices(
    offset: number,
    length: number,
    act: (offset: number, length: number) => MaybePromise<void>,
  ): Promise<void> {
    const end = offset + length;
    for (let at = offset; at < end; at += SLICE_BYTES) {
      await act(at, Math.min(SLICE_BYTES, end - at));
      await setImmediate();
    }
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

/** Where bytes lie in a file means nothing to clients: neighbours that differ in no more than that are one. */
function allocationExtents(extents: readonly Extent[]): NbdExtent[] {
  const joined: { length: number; readonly status: number }[] = [];
  for (const { length, data, zero } of extents) {
    const status = (data ? 0 : AllocationState.Hole) | (zero ? AllocationState.Zero : 0);
    const last = joined.at(-1);
    if (last?.status === status) last.length += length;
    else joined.push({ length, status });
  }
  return joined;
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
