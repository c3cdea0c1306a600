/**
 * Resets that arrive in pieces. QEMU splits the reset of a large zone of its emulated drive into WRITE_ZEROES
 * of 32 MiB. A piece at a zone's start that is too large to be anything else begins such a reset, and each
 * piece that continues it belongs to it: below the write pointer its bytes become zeroes, and the one that
 * reaches the capacity resets the zone.
 *
 * A write that comes between moves the write pointer, and any reset counts up; either ends the sequence.
 */

import type { DeviceCommand, Zone } from '@zonelab/qcow2-zoned';
import { MAX_RESET_SEQUENCES, QEMU_ZEROES_BYTES } from './limits.ts';
import type { Piece, SequentialSpan } from './zone-cutter.ts';

interface Sequence {
  /** Where the next piece must begin. */
  readonly next: number;
  readonly writePointer: number;
  readonly resetCount: number;
}

/** What a piece comes to, and how the sequences change once the device has accepted it. */
export interface PlannedPiece {
  readonly commands: readonly DeviceCommand[];
  readonly accepted: () => void;
}

export class ResetSequences {
  private readonly sequences = new Map<number, Sequence>();

  /** The plan for a piece of a reset, or undefined where the piece is a write of zeroes like any other. */
  plan({ offset, length }: Piece, span: SequentialSpan, zone: Zone): PlannedPiece | undefined {
    // the bytes past the capacity are zeroes anyway
    if (offset >= span.capacityEnd) return { commands: [], accepted: () => undefined };
    // these are refused as the write of zeroes that they also are, with the right error
    if (zone.condition === 'read-only' || zone.condition === 'offline') return undefined;
    const begins = offset === span.start && length >= this.firstLength(span);
    if (!begins && !this.continues(offset, zone)) return undefined;
    const end = offset + length;
    if (end >= span.capacityEnd) {
      return {
        commands: [{ kind: 'reset', zoneIndex: zone.index }],
        accepted: () => this.sequences.delete(zone.index),
      };
    }
    const written = Math.min(end, zone.writePointer) - offset;
    return {
      commands: written > 0 ? [{ kind: 'scrub', offset, length: written }] : [],
      accepted: () => this.remember(zone, end),
    };
  }

  private firstLength({ start, end }: SequentialSpan): number {
    return Math.min(end - start, QEMU_ZEROES_BYTES);
  }

  private continues(offset: number, zone: Zone): boolean {
    const sequence = this.sequences.get(zone.index);
    return (
      sequence?.next === offset &&
      sequence.writePointer === zone.writePointer &&
      sequence.resetCount === zone.resetCount
    );
  }

  private remember({ index, writePointer, resetCount }: Zone, next: number): void {
    this.sequences.delete(index);
    this.sequences.set(index, { next, writePointer, resetCount });
    if (this.sequences.size <= MAX_RESET_SEQUENCES) return;
    for (const oldest of this.sequences.keys()) {
      this.sequences.delete(oldest);
      return;
    }
  }
}
