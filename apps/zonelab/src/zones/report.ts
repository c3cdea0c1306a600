/** Zone reports in the form of blkzone(8), whose write pointers count from the start of the zone. */
import type { Zone } from '@zonelab/qcow2-zoned';
import { CONDITION_NUMBERS, sectors, TYPE_NUMBERS } from './wire-names.ts';

/** Abbreviations of blkzone, by condition. */
const CONDITION_SHORT: Readonly<Record<Zone['condition'], string>> = {
  'not-wp': 'nw',
  empty: 'em',
  'implicit-open': 'oi',
  'explicit-open': 'oe',
  closed: 'cl',
  'read-only': 'ro',
  full: 'fu',
  offline: 'of',
};

const TYPE_LONG: Readonly<Record<Zone['type'], string>> = {
  conventional: 'CONVENTIONAL',
  sequential: 'SEQ_WRITE_REQUIRED',
};

/** One line, as blkzone prints it. An image keeps neither a reset recommendation nor non-sequential zones. */
export function reportLine(zone: Zone): string {
  const { start, size, capacity, writePointer, condition, type } = zone;
  const places = [
    `start: ${sectors(start, 9)}`,
    `len ${sectors(size, 6)}`,
    `cap ${sectors(capacity, 6)}`,
    `wptr ${sectors(writePointer - start, 6)} reset:0 non-seq:0`,
  ].join(', ');
  const number = String(CONDITION_NUMBERS[condition]).padStart(2);
  const state = `zcond:${number}(${CONDITION_SHORT[condition]})`;
  return `  ${places}, ${state} [type: ${TYPE_NUMBERS[type]}(${TYPE_LONG[type]})]\n`;
}
