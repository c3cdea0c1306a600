/** The table of internal snapshots, as qemu-img prints it. */
import type { Snapshot } from '@zonelab/qcow2-zoned';
import { humanSize } from '../numbers.ts';

/** Empty where there are none. */
export function snapshotListing(snapshots: readonly Snapshot[]): string {
  if (snapshots.length === 0) return '';
  const heading = row('ID', 'TAG', 'VM SIZE', 'DATE', 'VM CLOCK', 'ICOUNT');
  return `Snapshot list:\n${heading}${snapshots.map(snapshotRow).join('')}`;
}

function row(id: string, tag: string, size: string, date: string, clock: string, count: string) {
  const left = `${id.padEnd(9)} ${tag.padEnd(16)} ${size.padStart(8)}`;
  return `${left}${date.padStart(20)}${clock.padStart(13)}${count.padStart(11)}\n`;
}

function snapshotRow({ id, name, vmStateSize, date, guestClockNs, extra }: Snapshot): string {
  const { seconds } = date;
  return row(
    ...([id, name, humanSize(vmStateSize)] as const),
    ...([localTime(seconds), clockTime(guestClockNs), instructionCount(extra)] as const),
  );
}

/** `2026-11-22 18:58:15`, in the time zone of this machine. */
function localTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join(':')}`;
}

function clockTime(nanoseconds: bigint): string {
  const milliseconds = Number(nanoseconds / 1_000_000n);
  const seconds = Math.floor(milliseconds / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${parts.map(pad).join(':')}.${String(milliseconds % 1000).padStart(3, '0')}`;
}

const pad = (number: number): string => String(number).padStart(2, '0');

const NO_COUNT = 0xffff_ffff_ffff_ffffn;

/** The third word of the extra data; snapshots of machines that count no instructions have none, and get ''. */
export function instructionCount(extra: Buffer): string {
  const count = extra.length >= 24 ? extra.readBigUInt64BE(16) : NO_COUNT;
  return count === NO_COUNT ? '' : String(BigInt.asIntN(64, count));
}
