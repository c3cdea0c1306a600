/** How real writers use zones: which streams of data they keep apart, how long data lives, how they clean up. */

export interface StreamModel {
  readonly name: string;
  /** Share of the bytes written. */
  readonly share: number;
  readonly fileBytes: number;
  /** How long its files live, relative to the other streams. */
  readonly lifetime: number;
}

export interface WriterModel {
  readonly streams: readonly StreamModel[];
  /** Whether data is written with Zone Append. */
  readonly appends: boolean;
  /** Whether files die in the order in which they were written, or at random times around their stream's lifetime. */
  readonly inOrder: boolean;
  /** A zone with less than this share of its capacity left is finished when a file ends in it. */
  readonly finishBelow: number;
  /** Garbage is collected while less than this share of the zones is free. */
  readonly collectBelow: number;
  /** Every so many bytes a small record is written: to a conventional zone, or to a log of two zones. 0: none. */
  readonly recordEveryBytes: number;
  readonly records: 'none' | 'conventional' | 'log';
}

const MIB = 1024 * 1024;
const stream = (name: string, share: number, lifetime: number, mib: number): StreamModel => ({
  name,
  share,
  lifetime,
  fileBytes: mib * MIB,
});

export const WRITER_MODELS = {
  /** RocksDB on ZenFS: files placed by the lifetime that their level promises; finish threshold; collection below 20 % free. */
  'rocksdb-zenfs': {
    streams: [
      stream('wal', 0.3, 1, 64),
      stream('level 0', 0.2, 2, 64),
      stream('level 1', 0.2, 4, 64),
      stream('level 2 and below', 0.3, 16, 64),
    ],
    appends: false,
    inOrder: false,
    finishBelow: 0.1,
    collectBelow: 0.2,
    recordEveryBytes: 0,
    records: 'none',
  },
  /** F2FS with sections of one zone: six logs, checkpoints in conventional zones. */
  f2fs: {
    streams: [
      stream('hot data', 0.15, 1, 4),
      stream('warm data', 0.5, 4, 16),
      stream('cold data', 0.2, 16, 64),
      stream('hot nodes', 0.05, 1, 1),
      stream('warm nodes', 0.06, 4, 1),
      stream('cold nodes', 0.04, 16, 1),
    ],
    appends: false,
    inOrder: false,
    finishBelow: 0,
    collectBelow: 0.1,
    recordEveryBytes: 32 * MIB,
    records: 'conventional',
  },
  /** btrfs: data appended, metadata apart, the superblock as a log in two zones. */
  btrfs: {
    streams: [stream('data', 0.9, 4, 128), stream('metadata', 0.1, 1, 1)],
    appends: true,
    inOrder: false,
    finishBelow: 0,
    collectBelow: 0.25,
    recordEveryBytes: 32 * MIB,
    records: 'log',
  },
  /** Recorders and archives on SMR: several long streams, the oldest data given up first; nothing is ever moved. */
  'smr-streams': {
    streams: [
      stream('stream 0', 0.25, 1, 256),
      stream('stream 1', 0.25, 1, 256),
      stream('stream 2', 0.25, 1, 256),
      stream('stream 3', 0.25, 1, 256),
    ],
    appends: false,
    inOrder: true,
    finishBelow: 0.02,
    collectBelow: 0,
    recordEveryBytes: 0,
    records: 'none',
  },
} as const satisfies Readonly<Record<string, WriterModel>>;

export type WriterModelName = keyof typeof WRITER_MODELS;
export const WRITER_MODEL_NAMES = Object.keys(WRITER_MODELS) as WriterModelName[];

/** Zones that a model holds active at once: one per stream, one to relocate into, one for its records. */
export function zonesHeld({ streams, collectBelow, records }: WriterModel): number {
  return streams.length + (collectBelow > 0 ? 1 : 0) + (records === 'log' ? 1 : 0);
}
