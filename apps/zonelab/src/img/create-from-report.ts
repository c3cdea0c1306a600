/** `zonelab img create --from-report`: an image with the zones of a drive, from what blkzone printed of it. */
import { readFileSync } from 'node:fs';
import { createFromZones, ImageError, openDisk } from '@zonelab/qcow2-zoned';
import { describeError } from '../errors.ts';
import type { Output } from '../output.ts';
import { parseReport } from '../zones/parse-report.ts';
import { failure } from './arguments.ts';
import { readZonedOptions } from './create-options.ts';
import { parseOptionList } from './option-list.ts';

export interface FromReportArguments {
  readonly file: string;
  /** Name of the report; `-` is standard input. */
  readonly report: string;
  /** A raw copy of the drive. */
  readonly data?: string | undefined;
  readonly options: readonly string[];
  readonly quiet: boolean;
}

export async function imgCreateFromReport(args: FromReportArguments, out: Output): Promise<void> {
  const { data, file, options, report } = args;
  const zones = parseReport(readReport(report));
  const create = readZonedOptions(options.flatMap(parseOptionList));
  const dump = data === undefined ? undefined : await openDump(data);
  try {
    await createFromZones(file, zones, create, dump);
  } catch (error) {
    if (error instanceof ImageError)
      throw failure(`${file}: ${describeError(error)}`, { cause: error });
    throw error;
  } finally {
    dump?.abandon();
  }
  if (!args.quiet)
    out.write(`Formatting '${file}', fmt=qcow2, ${zones.length} zones of ${report}\n`);
}

function readReport(name: string): string {
  try {
    return readFileSync(name === '-' ? 0 : name, 'utf8');
  } catch (cause) {
    throw failure(`--from-report: ${describeError(cause)}`, { cause });
  }
}

async function openDump(name: string) {
  try {
    return await openDisk(name, { format: 'raw', readOnly: true });
  } catch (cause) {
    throw failure(`--data: ${describeError(cause)}`, { cause });
  }
}
