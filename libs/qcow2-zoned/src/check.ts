/**
 * Checks an image: counts every reference to every host cluster and holds the sums against the refcounts; then
 * holds the zone table against the data. Reads only.
 */
import { describeZones, loadZones } from './device/load.ts';
import { ImageError } from './errors.ts';
import { HostFile } from './file.ts';
import {
  ENTRY_BYTES,
  entryOffset,
  isCompressedEntry,
  isCopiedEntry,
  isZeroEntry,
} from './format/entries.ts';
import { Qcow2Image } from './image/image.ts';
import { Refcounts } from './image/refcounts.ts';
import { compressedClusters, references } from './image/references.ts';
import { readSnapshots } from './image/snapshots.ts';
import { MAX_CHECK_CLUSTERS, MAX_CHECK_FINDINGS } from './limits.ts';

/** `leak`: space that nothing uses. `corruption`: data is or will be lost. `zone`: the zone table is in doubt. */
export interface CheckFinding {
  readonly kind: 'leak' | 'corruption' | 'zone';
  readonly message: string;
}

export interface CheckReport {
  /** End of the last used cluster, bytes. */
  readonly imageEndOffset: number;
  /** Guest clusters of the disk, whether they are mapped or not. */
  readonly totalClusters: number;
  readonly allocatedClusters: number;
  readonly fragmentedClusters: number;
  readonly compressedClusters: number;
  readonly leaks: number;
  readonly corruptions: number;
  readonly zoneFaults: number;
  /** The first findings of each kind; the counts above are complete. */
  readonly findings: readonly CheckFinding[];
}

/** Errors: `file_not_found`, `not_qcow2`, `invalid_image`, `unsupported_feature`, `io_error`. */
export async function checkImage(path: string): Promise<CheckReport> {
  const file = HostFile.open(path, { readOnly: true });
  try {
    const image = new Qcow2Image(file, true);
    const check = new Check(file, image);
    check.step('corruption', () => check.countReferences());
    check.step('corruption', () => check.compareRefcounts());
    check.step('zone', () => check.checkZones());
    return check.report();
  } finally {
    file.close();
  }
}

class Check {
  readonly #file: HostFile;
  readonly #image: Qcow2Image;
  readonly #refcounts: Refcounts;
  readonly #clusterSize: number;
  /** References found to each host cluster. */
  readonly #references: Uint32Array;
  readonly #found: Record<CheckFinding['kind'], number> = { leak: 0, corruption: 0, zone: 0 };
  readonly #findings: CheckFinding[] = [];
  #allocated = 0;
  #fragmented = 0;
  #compressed = 0;
  #endCluster = 0;

  constructor(file: HostFile, image: Qcow2Image) {
    this.#file = file;
    this.#image = image;
    this.#clusterSize = image.clusterSize;
    this.#refcounts = new Refcounts(file, image.header);
    const clusters = Math.ceil(file.length / this.#clusterSize);
    if (clusters > MAX_CHECK_CLUSTERS)
      throw new ImageError(
        'unsupported_feature',
        `${file.path}: ${clusters} host clusters, a check counts at most ${MAX_CHECK_CLUSTERS}`,
        { field: 'host clusters', given: clusters, allowed: `at most ${MAX_CHECK_CLUSTERS}` },
      );
    this.#references = new Uint32Array(clusters);
  }

  /** A step that meets something it cannot go on with is a finding; the next step goes on. */
  step(kind: CheckFinding['kind'], work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ImageError) || error.code === 'io_error') throw error;
      this.#find(kind, `ERROR ${error.message}`);
    }
  }

  countReferences(): void {
    const { l1Entries, l1TableOffset, refcountTableClusters, refcountTableOffset } =
      this.#image.header;
    this.#refer(0, 'header');
    for (let i = 0; i < refcountTableClusters; i++)
      this.#refer(refcountTableOffset + i * this.#clusterSize, 'refcount table');
    for (const offset of this.#refcounts.blockOffsets()) this.#refer(offset, 'refcount block');
    const l1 = Buffer.alloc(l1Entries * ENTRY_BYTES);
    this.#file.read(l1, l1TableOffset);
    this.#referRun(l1TableOffset, l1.length, 'L1 table');
    for (let index = 0; index < l1Entries; index++) this.#countTable(l1, index);
    this.#countSnapshots();
  }

  compareRefcounts(): void {
    for (let cluster = 0; cluster < this.#references.length; cluster++) {
      const count = this.#refcounts.count(cluster * this.#clusterSize);
      const references = this.#references[cluster] as number;
      if (count > 0) this.#endCluster = cluster + 1;
      if (count > references)
        this.#find('leak', `Leaked cluster ${cluster} refcount=${count} reference=${references}`);
      else if (count < references)
        this.#find(
          'corruption',
          `ERROR cluster ${cluster} refcount=${count} reference=${references}`,
        );
    }
  }

  checkZones(): void {
    if (describeZones(this.#image) === undefined) return;
    const zones = loadZones(this.#image, true);
    if (zones === undefined) this.#find('zone', 'the zoned extension comes without a zone table');
    for (const doubt of zones?.doubts ?? []) this.#find('zone', doubt);
  }

  report(): CheckReport {
    return {
      imageEndOffset: this.#endCluster * this.#clusterSize,
      totalClusters: Math.ceil(this.#image.size / this.#clusterSize),
      allocatedClusters: this.#allocated,
      fragmentedClusters: this.#fragmented,
      compressedClusters: this.#compressed,
      leaks: this.#found.leak,
      corruptions: this.#found.corruption,
      zoneFaults: this.#found.zone,
      findings: this.#findings,
    };
  }

  #countTable(l1: Buffer, index: number): void {
    const offset = entryOffset(l1, index * ENTRY_BYTES);
    if (offset === 0 || !this.#refer(offset, `L2 table ${index}`)) return;
    this.#checkCopied(l1, index * ENTRY_BYTES, offset, `L1 entry ${index}`);
    const table = Buffer.alloc(this.#clusterSize);
    this.#file.read(table, offset);
    let next = 0;
    for (let at = 0; at < table.length; at += ENTRY_BYTES) {
      const name = `entry ${at / ENTRY_BYTES} of L2 table ${index}`;
      if (isCompressedEntry(table, at)) {
        this.#compressed++;
        this.#allocated++;
        for (const host of compressedClusters(table, at, this.#image.header.clusterBits))
          this.#refer(host, name);
        continue;
      }
      const host = entryOffset(table, at);
      if (host === 0) continue;
      if (!this.#refer(host, name)) continue;
      this.#checkCopied(table, at, host, name);
      if (isZeroEntry(table, at)) continue;
      this.#allocated++;
      if (next !== 0 && host !== next) this.#fragmented++;
      next = host + this.#clusterSize;
    }
  }

  #countSnapshots(): void {
    const { header } = this.#image;
    const { snapshots, length } = readSnapshots(this.#file, header);
    this.#referRun(header.snapshotsOffset, length, 'snapshot table');
    for (const { name, l1TableOffset, l1Entries } of snapshots) {
      const l1 = Buffer.alloc(l1Entries * ENTRY_BYTES);
      this.#referRun(l1TableOffset, l1.length, `L1 table of snapshot ${name}`);
      this.#file.read(l1, l1TableOffset);
      for (const offset of references(this.#file, l1, header.clusterBits))
        this.#refer(offset, `snapshot ${name}`);
    }
  }

  /** COPIED says that the refcount is 1, no more and no less. */
  #checkCopied(table: Buffer, at: number, offset: number, name: string): void {
    const count = this.#refcounts.count(offset);
    if (isCopiedEntry(table, at) === (count === 1)) return;
    this.#find('corruption', `ERROR OFLAG_COPIED ${name}: refcount=${count}`);
  }

  #referRun(offset: number, length: number, name: string): void {
    for (let at = 0; at < length; at += this.#clusterSize) this.#refer(offset + at, name);
  }

  /** Counts a reference; false where the offset cannot be one. */
  #refer(offset: number, name: string): boolean {
    const cluster = offset / this.#clusterSize;
    if (Number.isInteger(cluster) && cluster < this.#references.length) {
      this.#references[cluster] = (this.#references[cluster] as number) + 1;
      return true;
    }
    const fault = Number.isInteger(cluster) ? 'past the end of the file' : 'not cluster aligned';
    this.#find('corruption', `ERROR ${name}: offset ${offset} is ${fault}`);
    return false;
  }

  #find(kind: CheckFinding['kind'], message: string): void {
    if (this.#found[kind]++ < MAX_CHECK_FINDINGS) this.#findings.push({ kind, message });
  }
}
