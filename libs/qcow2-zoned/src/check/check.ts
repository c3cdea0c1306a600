/**
 * Checks an image from its raw tables, without the engine that writes them: counts every reference to every host
 * cluster, holds the sums against the refcounts, and then the zone table against the data.
 */
import { ImageError } from '../errors.ts';
import { type BlockFile, HostFile } from '../file.ts';
import { AUTOCLEAR } from '../format/feature-bits.ts';
import { readHeader } from '../format/header.ts';
import { loadCodec } from '../image/compression.ts';
import { MAX_REPAIR_ROUNDS } from '../limits.ts';
import { endOfImage } from './compare.ts';
import { type CheckFinding, Findings } from './findings.ts';
import { markSound, type RepairMode, repairTables } from './repair.ts';
import { openSubject, type Subject } from './subject.ts';
import type { Survey } from './survey.ts';
import { checkCounts, checkTables } from './tables.ts';
import { checkZones, hasZones, repairZones, type ZoneRepair } from './zones.ts';

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
  /** Places that could not be checked. */
  readonly checkErrors: number;
  readonly zoneFaults: number;
  /** The first findings of each kind that are left; the counts above are complete. */
  readonly findings: readonly CheckFinding[];
  /** Undefined for a check without repair. */
  readonly repaired: Repaired | undefined;
}

/** What a repair mended. */
export interface Repaired {
  readonly leaks: number;
  readonly corruptions: number;
  readonly checkErrors: number;
  readonly zoneFaults: number;
  /** The first findings of each kind that are there no more. */
  readonly findings: readonly CheckFinding[];
  /** Zones whose entry was made anew. */
  readonly zones: readonly ZoneRepair[];
}

export interface CheckOptions {
  /** `leaks`: frees what nothing uses. `all`: mends whatever can be. Takes the writer's lock. */
  readonly repair?: RepairMode;
  /** True: neither look at others' locks on the file nor take any, as QEMU's force-share. */
  readonly shared?: boolean;
}

/**
 * Errors: `file_not_found`, `not_qcow2`, `invalid_image`, `unsupported_feature`, `image_in_use`, `io_error`. What is
 * wrong behind the header is no error but a finding.
 */
export async function checkImage(path: string, options: CheckOptions = {}): Promise<CheckReport> {
  const { repair, shared } = options;
  const file = HostFile.open(path, { readOnly: repair === undefined });
  try {
    if (!shared || repair !== undefined) file.lock(repair === undefined ? 'reader' : 'writer');
    await loadCodec(readHeader(file));
    return repair === undefined ? checkFile(file) : await repairFile(file, repair);
  } finally {
    file.close();
  }
}

/** The same over an open file. */
export function checkFile(file: BlockFile): CheckReport {
  const subject = openSubject(file);
  const findings = new Findings();
  const seen = unlessRefused(findings, 'failure', () => checkTables(subject, findings));
  unlessRefused(findings, 'zone', () => checkZones(subject, findings));
  return report(subject, findings, seen);
}

/** Checks, repairs, and checks again what is left, over a file that is open for writing and locked. */
export async function repairFile(file: BlockFile, mode: RepairMode): Promise<CheckReport> {
  const subject = openSubject(file);
  const found = new Findings();
  unlessRefused(found, 'failure', () => checkCounts(subject, found));
  unlessRefused(found, 'zone', () => checkZones(subject, found));
  const refused = new Findings();
  const flags = new Findings();
  let after = repairUntilSound(file, mode, flags, refused);
  const zones = mode === 'all' && isSound(after) ? await mendZones(file, refused) : [];
  // a zone table that shared its clusters now has its own: the flags of those who keep them must follow
  if (zones.length > 0) after = repairUntilSound(file, mode, new Findings(), refused);
  else if (isSound(after)) after = checkFile(file);
  const left = new Set(after.findings.map(({ message }) => message));
  found.absorb(flags);
  return {
    ...after,
    findings: [...after.findings, ...refused.list.filter(({ message }) => !left.has(message))],
    repaired: {
      leaks: Math.max(0, found.found.leak - after.leaks),
      corruptions: Math.max(0, found.found.corruption - after.corruptions),
      checkErrors: Math.max(0, found.found.failure - after.checkErrors),
      zoneFaults: Math.max(0, found.found.zone - after.zoneFaults),
      findings: found.list.filter(({ message }) => !left.has(message)),
      zones,
    },
  };
}

/** One round is enough, unless the file grew over places that entries named before. */
function repairUntilSound(
  file: BlockFile,
  mode: RepairMode,
  flags: Findings,
  refused: Findings,
): CheckReport {
  for (let round = 1; ; round++) {
    const found = new Findings();
    unlessRefused(found, 'failure', () =>
      repairTables(file, mode, round === 1 ? flags : new Findings()),
    );
    const report = checkFile(file);
    if (isSound(report)) markSound(file);
    if (isSound(report) || mode === 'leaks' || round === MAX_REPAIR_ROUNDS) {
      refused.absorb(found);
      return report;
    }
  }
}

const isSound = ({ corruptions, checkErrors }: CheckReport): boolean =>
  corruptions + checkErrors === 0;

/** Only where there is a doubt, or a table that holds and is not vouched for. */
async function mendZones(file: BlockFile, refused: Findings): Promise<readonly ZoneRepair[]> {
  if (!hasZones(file) || zonesHold(file)) return [];
  try {
    return await repairZones(file);
  } catch (error) {
    if (!(error instanceof ImageError) || error.code === 'io_error') throw error;
    refused.add('zone', () => `zones cannot be repaired: ${error.message}`);
    return [];
  }
}

/** Checked, vouched for and left cleanly, or not to be vouched for. */
function zonesHold(file: BlockFile): boolean {
  const subject = openSubject(file);
  const findings = new Findings();
  unlessRefused(findings, 'zone', () => checkZones(subject, findings));
  const { autoclearFeatures, snapshotCount, backingFile } = subject.header;
  // beside snapshots nothing is vouched for; an overlay's zones must then be held against its backing file, too
  const vouched =
    (autoclearFeatures & AUTOCLEAR.zoneTableValid) !== 0n ||
    (snapshotCount > 0 && backingFile === undefined);
  return findings.found.zone === 0 && vouched;
}

/** What cannot go on because of what the image says is a finding. A fault of the host is not. */
function unlessRefused<T>(
  findings: Findings,
  kind: 'failure' | 'zone',
  work: () => T,
): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ImageError) || error.code === 'io_error') throw error;
    findings.add(kind, () => `ERROR ${error.message}`);
    return undefined;
  }
}

function report(subject: Subject, findings: Findings, seen: Survey | undefined): CheckReport {
  const { clusterSize, header } = subject;
  return {
    imageEndOffset: seen === undefined ? 0 : endOfImage(seen) * clusterSize,
    totalClusters: Math.ceil(header.size / clusterSize),
    allocatedClusters: seen?.allocation.allocated ?? 0,
    fragmentedClusters: seen?.allocation.fragmented ?? 0,
    compressedClusters: seen?.allocation.compressed ?? 0,
    leaks: findings.found.leak,
    corruptions: findings.found.corruption,
    checkErrors: findings.found.failure,
    zoneFaults: findings.found.zone,
    findings: findings.list,
    repaired: undefined,
  };
}
