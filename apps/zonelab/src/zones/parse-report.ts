/** Reads what `blkzone report` prints of a drive: the counterpart of `report.ts`. */
import { CONDITION_NAMES, type ReportedZone, ZoneState } from '@zonelab/qcow2-zoned';
import { CliError } from '../errors.ts';
import { SECTOR_BYTES } from './wire-names.ts';

const HEX = '(0x[0-9a-f]+)';
/** util-linux before 2.37 prints no `cap`. */
const LINE = new RegExp(
  `^start: *${HEX}, len ${HEX}(?:, cap ${HEX})?, wptr ${HEX} .*zcond: *(\\d+)\\(\\w+\\) \\[type: (\\d+)\\((\\w+)\\)\\]$`,
  'i',
);
/** Zone Type numbers of ZBC-2. */
const TYPES: Readonly<Record<string, ReportedZone['type']>> = {
  1: 'conventional',
  2: 'sequential',
};

/** The zones of a report, in order. Write pointers of blkzone count from the start of their zone. */
export function parseReport(text: string): ReportedZone[] {
  const zones: ReportedZone[] = [];
  text.split('\n').forEach((raw, at) => {
    const line = raw.trim();
    if (line !== '') zones.push(parseLine(line, at + 1, zones.length));
  });
  return zones;
}

function parseLine(line: string, number: number, index: number): ReportedZone {
  const found = LINE.exec(line);
  const refuse = (given: string, allowed: string) =>
    new CliError('failed', `--from-report: line ${number}: got ${given}, allowed is ${allowed}`);
  if (!found) throw refuse(`'${line.slice(0, 60)}'`, 'a line as blkzone report prints them');
  const [, start, size, capacity = size, pointer, state, type = '', typeName] = found;
  const bytes = (hex: string | undefined) => Number(hex) * SECTOR_BYTES;
  const condition = CONDITION_NAMES[Number(state) as ZoneState];
  if (condition === undefined) throw refuse(`zcond ${state}`, Object.values(ZoneState).join(', '));
  const kind = TYPES[type];
  if (kind === undefined)
    throw refuse(`type ${type} (${typeName})`, '1 and 2: conventional, sequential write required');
  return {
    ...{ index, type: kind, condition, start: bytes(start), size: bytes(size) },
    ...{ capacity: bytes(capacity), writePointer: bytes(start) + bytes(pointer) },
  };
}
