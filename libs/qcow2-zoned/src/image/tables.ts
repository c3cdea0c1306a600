/** What hangs on the active L1 table, and is all new where another table takes its place. */
import type { BlockFile } from '../file.ts';
import { AUTOCLEAR } from '../format/feature-bits.ts';
import type { Qcow2Header } from '../format/header.ts';
import { ClusterMap } from './cluster-map.ts';
import type { ClusterStore } from './cluster-store.ts';
import type { CompressedReader } from './compressed-reader.ts';
import { DataWriter } from './data-writer.ts';
import type { Disk } from './disk.ts';
import { Eraser } from './eraser.ts';
import { GuestReader } from './guest-reader.ts';
import type { MetadataGuard } from './metadata-guard.ts';
import type { Refcounts } from './refcounts.ts';

export interface Tables {
  readonly map: ClusterMap;
  readonly reader: GuestReader;
  readonly writer: DataWriter;
  readonly eraser: Eraser;
}

/** Opens the tables of `header`, over what stays the same while the image is open. */
export function openTables(image: {
  readonly file: BlockFile;
  readonly header: Qcow2Header;
  readonly backing: Disk | undefined;
  readonly refcounts: Refcounts;
  readonly guard: MetadataGuard;
  readonly store: ClusterStore;
  readonly inflated: CompressedReader;
}): Tables {
  const { file, header, backing, refcounts, guard, store, inflated } = image;
  const map = new ClusterMap(file, header, refcounts, guard);
  const reader = new GuestReader(store.file, map, backing, inflated);
  const writer = new DataWriter(store, map, reader);
  const eraser = new Eraser(store, map, reader, writer, {
    hasZeroFlag: header.version >= 3,
    hasBacking: backing !== undefined,
    rawDataFile: (header.autoclearFeatures & AUTOCLEAR.rawDataFile) !== 0n,
  });
  return { map, reader, writer, eraser };
}
