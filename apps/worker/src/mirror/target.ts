/** An image that carries a run out, as the simulation thread and its owner speak of it. */
import type { ZoneAction, ZonedGeometry } from '@zonelab/qcow2-zoned';

/** Given to the thread. */
export type TargetInput = FileTarget | ExportTarget;

/** A resting image: the thread opens its file, and may write it while its owner holds the lease. */
export interface FileTarget {
  readonly kind: 'file';
  readonly path: string;
  readonly allowedDirectories: readonly string[];
  /** Two float64: until when the lease holds, in milliseconds of `process.hrtime` and of the wall clock. */
  readonly heldUntil: SharedArrayBuffer;
  /** An earlier start of the same experiment wrote to it: all zones are reset first. */
  readonly reset: boolean;
}

/** A live export: the thread reads and writes through NBD; its gateway manages the zones. */
export interface ExportTarget {
  readonly kind: 'export';
  readonly uri: string;
  readonly geometry: ZonedGeometry;
  readonly reset: boolean;
}

/** What the thread has its owner ask the gateway of an export. */
export type GatewayQuestion =
  | { readonly name: 'manage'; readonly action: ZoneAction; readonly zoneIndex?: number }
  | { readonly name: 'report'; readonly from: number };

export interface ReportedZones {
  readonly items: readonly {
    readonly index: number;
    readonly condition: string;
    readonly writePointer: number;
  }[];
  readonly next: number | null;
}

/** Answers null to `manage`. */
export type AskGateway = (question: GatewayQuestion) => Promise<ReportedZones | null>;
