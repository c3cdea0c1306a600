/**
 * Checks an image from its raw tables, without the engine that writes them: counts every reference to every host
 * cluster, holds the sums against the refcounts, and then the zone table against the data.
 */
import { loadZones } from '../device/load.ts';
import { ImageError } from '../errors.ts';
import { type BlockFile, HostFile } from '../file.ts';
import { EXTENSION, findExtension } from '../format/header.ts';
import { Qcow2Image } from '../image/image.ts';
import { differences, endOfImage, tellDifference, wrongFlags } from './compare.ts';
import { type CheckFinding, Findings } from './findings.ts';
import { openSubject, type Subject } from './subject.ts';
import { type Survey, survey } from './survey.ts';

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
  /** The first findings of each kind; the counts above are complete. */
  readonly findings: readonly CheckFinding[];
}

export interface CheckOptions {
  /** True: neither look at others' locks on the file nor take any, as QEMU's force-share. */
  readonly shared?: boolean;
}

/**
 * Errors: `file_not_found`, `not_qcow2`, `invalid_image`, `unsupported_feature`, `image_in_use`, `io_error`. What is
 * wrong behind the header is no error but a finding.
 */
export async function checkImage(path: string, options: CheckOptions = {}): Promise<CheckReport> {
  const file = HostFile.open(path, { readOnly: true });
  try {
    if (!options.shared) file.lock('reader');
    return checkFile(file);
  } finally {
    file.close();
  }
}

/** The same over an open file. */
export function checkFile(file: BlockFile): CheckReport {
  const subject = openSubject(file);
  const findings = new Findings();
  const seen = unlessRefused(findings, 'failure', () => {
    const result = survey(subject, findings);
    for (const difference of differences(result, findings)) tellDifference(findings, difference);
    for (const flag of wrongFlags(subject, result.stored))
      findings.add('corruption', () => `ERROR ${flag.message()}`, flag.times);
    return result;
  });
  unlessRefused(findings, 'zone', () => checkZones(subject, findings));
  return report(subject, findings, seen);
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

function checkZones(subject: Subject, findings: Findings): void {
  if (findExtension(subject.header, EXTENSION.zoned) === undefined) return;
  const image = new Qcow2Image(subject.file, true);
  const zones = loadZones(image, true);
  if (zones?.dialect === 'native' && zones.info === undefined)
    findings.add('zone', () => 'the zoned extension comes without a zone table');
  for (const doubt of zones?.doubts ?? []) findings.add('zone', () => doubt);
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
  };
}
