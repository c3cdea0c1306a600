/** What a workload asks of the device. One object is filled again and again: the hot path allocates nothing. */

export const Op = { Read: 0, Write: 1, Append: 2, Reset: 3, Finish: 4, Open: 5, Close: 6 } as const;
export type Op = (typeof Op)[keyof typeof Op];

export type OpName = 'read' | 'write' | 'append' | 'reset' | 'finish' | 'open' | 'close';
/** Indexed by Op. */
export const OP_NAMES: readonly OpName[] = [
  'read',
  'write',
  'append',
  'reset',
  'finish',
  'open',
  'close',
];

export interface Command {
  op: Op;
  zoneIndex: number;
  /** Absolute bytes; of an append or a command on a zone, the start of the zone. */
  offset: number;
  /** Bytes; 0 for commands on zones. */
  length: number;
}

/** Whether the command changes a zone's condition and moves no data of the host. */
export function isManagement(op: Op): boolean {
  return op >= Op.Reset;
}

/** Whether an accepted command moves the write pointer by its length. */
export function writesData(op: Op): boolean {
  return op === Op.Write || op === Op.Append;
}
