/** The check of an image's tables as a whole, and the repair that an image not closed cleanly needs before a write. */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import { differences, tellDifference } from './compare.ts';
import { Findings } from './findings.ts';
import { markSound, repairTables } from './repair.ts';
import { openSubject, type Subject } from './subject.ts';
import { type Survey, survey } from './survey.ts';

/** Everything that QEMU's check looks at. Throws `invalid_image` where references cannot be known. */
export function checkTables(subject: Subject, findings: Findings): Survey {
  const flags = new Findings();
  const result = checkCounts(subject, findings, flags);
  findings.absorb(flags);
  return result;
}

/** References against refcounts; what there is to say of flags goes to `flags`. */
export function checkCounts(subject: Subject, findings: Findings, flags = new Findings()): Survey {
  const result = survey(subject, findings, { flags });
  for (const difference of differences(result, findings)) tellDifference(findings, difference);
  return result;
}

/**
 * Mends the refcounts of an image that was not closed cleanly, before it is written. The file must be open for
 * writing and locked. Throws `image_corrupt` where that does not make it sound.
 */
export function repairRefcounts(file: BlockFile): void {
  repairTables(file, 'all', new Findings());
  const subject = openSubject(file);
  const findings = new Findings();
  checkTables(subject, findings);
  const { corruption, failure } = findings.found;
  if (corruption + failure > 0)
    throw new ImageError(
      'image_corrupt',
      `${file.path}: the image was not closed cleanly, and ${corruption + failure} errors are left after a repair`,
      { path: file.path, given: corruption + failure },
    );
  markSound(file);
}
