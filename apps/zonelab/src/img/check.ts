/** `zonelab img check`: the check's findings in qemu-img's two forms, and its exit codes. */
import {
  type CheckFinding,
  type CheckReport,
  checkImage,
  ImageError,
  type Repaired,
  type RepairMode,
} from '@zonelab/qcow2-zoned';
import { jsonText, type Output, type OutputForm } from '../output.ts';
import { failure, type NamedImage } from './arguments.ts';
import { opening } from './opening.ts';

/** qemu-img's: 2 means that data is or will be lost, 3 that space is, 63 that there is nothing to check. */
const EXIT = { sound: 0, failed: 1, corrupt: 2, leaks: 3, unsupported: 63 } as const;

export interface CheckOptions {
  readonly form: OutputForm;
  readonly quiet: boolean;
  readonly repair: RepairMode | undefined;
}

/** Returns the exit code. A zone table in doubt counts as corruption: the image is read-only until repaired. */
export async function imgCheck(
  image: NamedImage,
  { form, quiet, repair }: CheckOptions,
  out: Output,
): Promise<number> {
  if (image.shared && repair !== undefined)
    throw failure(
      `Could not open '${image.name}': force-share=on can only be used with read-only images`,
    );
  if (image.format === 'raw') return refuseRaw(out);
  const report = await opening(image.name, () =>
    checkUnlessRaw(image, { shared: image.shared, ...(repair && { repair }) }),
  );
  if (report === undefined) return refuseRaw(out);
  if (!quiet) tellFindings(report, out);
  if (form === 'json' && !quiet) out.write(jsonText(jsonOf(image.name, report)));
  else if (!quiet) out.write(repairText(report.repaired) + humanText(report));
  if (report.checkErrors > 0) return EXIT.failed;
  if (report.corruptions + report.zoneFaults > 0) return EXIT.corrupt;
  return report.leaks > 0 ? EXIT.leaks : EXIT.sound;
}

/** Undefined where the format was not given, and the file is no qcow2 image: then it is raw, as for qemu-img. */
async function checkUnlessRaw(
  { path, format }: NamedImage,
  options: { shared: boolean; repair?: RepairMode },
): Promise<CheckReport | undefined> {
  try {
    return await checkImage(path, options);
  } catch (error) {
    if (format === undefined && error instanceof ImageError && error.code === 'not_qcow2')
      return undefined;
    throw error;
  }
}

function refuseRaw(out: Output): number {
  out.warn('zonelab: This image format does not support checks\n');
  return EXIT.unsupported;
}

function tellFindings({ findings, repaired }: CheckReport, out: Output): void {
  for (const { message } of repaired?.findings.filter(isOfTables) ?? [])
    out.warn(`${message.replace(/^(ERROR:?|Leaked)/, 'Repairing')}\n`);
  for (const { message } of findings) out.warn(`${message}\n`);
}

/** What was wrong with zones is told zone by zone, with what became of them. */
const isOfTables = ({ kind }: CheckFinding): boolean => kind !== 'zone';

function jsonOf(file: string, report: CheckReport): object {
  const { repaired } = report;
  const counts = {
    corruptions: report.corruptions,
    leaks: report.leaks,
    'corruptions-fixed': repaired?.corruptions ?? 0,
    'leaks-fixed': repaired?.leaks ?? 0,
    'zone-faults': report.zoneFaults,
    'zone-faults-fixed': repaired?.zoneFaults ?? 0,
    'allocated-clusters': report.allocatedClusters,
    'fragmented-clusters': report.fragmentedClusters,
    'compressed-clusters': report.compressedClusters,
  };
  return {
    'image-end-offset': report.imageEndOffset,
    // qemu-img leaves out what is 0
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    'total-clusters': report.totalClusters,
    'check-errors': report.checkErrors,
    ...(repaired !== undefined &&
      repaired.zones.length > 0 && {
        'zones-repaired': repaired.zones.map(({ index, found, condition, writePointer }) => ({
          zone: index,
          found,
          condition,
          'write-pointer': writePointer,
        })),
      }),
    filename: file,
    format: 'qcow2',
  };
}

function repairText(repaired: Repaired | undefined): string {
  if (repaired === undefined) return '';
  const { leaks, corruptions, zones } = repaired;
  if (leaks + corruptions + zones.length === 0) return '';
  const lines = zones.map(
    ({ index, found, condition, writePointer }) =>
      `zone ${index}: ${found}; now ${condition}, write pointer ${writePointer}\n`,
  );
  return [
    'The following inconsistencies were found and repaired:\n\n',
    `    ${leaks} leaked clusters\n    ${corruptions} corruptions\n`,
    zones.length > 0 ? `    ${zones.length} zones\n\n${lines.join('')}` : '',
    '\nDouble checking the fixed image now...\n',
  ].join('');
}

function humanText(report: CheckReport): string {
  const { corruptions, leaks, checkErrors, zoneFaults, allocatedClusters, totalClusters } = report;
  const verdicts = [
    corruptions > 0 &&
      `\n${corruptions} errors were found on the image.\nData may be corrupted, or further writes to the image may corrupt it.\n`,
    zoneFaults > 0 &&
      `\n${zoneFaults} zones do not fit their data.\nThe image opens read-only until it is repaired.\n`,
    leaks > 0 &&
      `\n${leaks} leaked clusters were found on the image.\nThis means waste of disk space, but no harm to data.\n`,
    checkErrors > 0 && `\n${checkErrors} internal errors have occurred during the check.\n`,
  ].filter(Boolean);
  const percent = (part: number, whole: number) => `${((part / whole) * 100).toFixed(2)}%`;
  const allocation =
    `${allocatedClusters}/${totalClusters} = ${percent(allocatedClusters, totalClusters)} allocated, ` +
    `${percent(report.fragmentedClusters, allocatedClusters)} fragmented, ` +
    `${percent(report.compressedClusters, allocatedClusters)} compressed clusters\n`;
  return [
    verdicts.length === 0 ? 'No errors were found on the image.\n' : verdicts.join(''),
    allocatedClusters > 0 ? allocation : '',
    report.imageEndOffset > 0 ? `Image end offset: ${report.imageEndOffset}\n` : '',
  ].join('');
}
