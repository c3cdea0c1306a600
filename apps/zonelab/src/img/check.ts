/** `zonelab img check`: the check's findings in qemu-img's two forms, and its exit codes. */
import { type CheckReport, checkImage } from '@zonelab/qcow2-zoned';
import { jsonText, type Output, type OutputForm } from '../output.ts';

/** qemu-img's: 2 means that data is or will be lost, 3 that space is. */
const EXIT = { sound: 0, corrupt: 2, leaks: 3 } as const;

export interface CheckOptions {
  readonly form: OutputForm;
  readonly quiet: boolean;
}

/** Returns the exit code. A zone table in doubt counts as corruption: the image is read-only until repaired. */
export async function imgCheck(
  file: string,
  { form, quiet }: CheckOptions,
  out: Output,
): Promise<number> {
  const report = await checkImage(file);
  if (form === 'json') out.write(jsonText(jsonOf(file, report)));
  else if (!quiet) {
    for (const { message } of report.findings) out.warn(`${message}\n`);
    out.write(humanText(report));
  }
  if (report.corruptions + report.zoneFaults > 0) return EXIT.corrupt;
  return report.leaks > 0 ? EXIT.leaks : EXIT.sound;
}

function jsonOf(file: string, report: CheckReport): object {
  const counts = {
    corruptions: report.corruptions,
    leaks: report.leaks,
    'zone-faults': report.zoneFaults,
    'allocated-clusters': report.allocatedClusters,
    'fragmented-clusters': report.fragmentedClusters,
    'compressed-clusters': report.compressedClusters,
  };
  return {
    'image-end-offset': report.imageEndOffset,
    // qemu-img leaves out what is 0
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    'total-clusters': report.totalClusters,
    'check-errors': 0,
    filename: file,
    format: 'qcow2',
  };
}

function humanText(report: CheckReport): string {
  const { corruptions, leaks, zoneFaults, allocatedClusters, totalClusters } = report;
  const verdicts = [
    corruptions > 0 &&
      `\n${corruptions} errors were found on the image.\nData may be corrupted, or further writes to the image may corrupt it.\n`,
    zoneFaults > 0 &&
      `\n${zoneFaults} zones do not fit their data.\nThe image opens read-only until it is repaired.\n`,
    leaks > 0 &&
      `\n${leaks} leaked clusters were found on the image.\nThis means waste of disk space, but no harm to data.\n`,
  ].filter(Boolean);
  const percent = (part: number, whole: number) => `${((part / whole) * 100).toFixed(2)}%`;
  const allocation =
    `${allocatedClusters}/${totalClusters} = ${percent(allocatedClusters, totalClusters)} allocated, ` +
    `${percent(report.fragmentedClusters, allocatedClusters)} fragmented, ` +
    `${percent(report.compressedClusters, allocatedClusters)} compressed clusters\n`;
  return [
    verdicts.length === 0 ? 'No errors were found on the image.\n' : verdicts.join(''),
    allocatedClusters > 0 ? allocation : '',
    `Image end offset: ${report.imageEndOffset}\n`,
  ].join('');
}
