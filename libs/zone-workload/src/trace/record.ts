/** Traces: what they are written in, and the one form that they are read into. */

export const TRACE_FORMATS = [
  'fio-iolog',
  'blkparse',
  'msr',
  'alibaba',
  'tencent',
  'systor17',
] as const;
export type TraceFormat = (typeof TRACE_FORMATS)[number];

export const TraceOp = { Read: 0, Write: 1, Trim: 2 } as const;
export type TraceOp = (typeof TraceOp)[keyof typeof TraceOp];

/** One request. One object is filled again and again. */
export interface TraceRecord {
  op: TraceOp;
  /** Since the first record, in ns. */
  timeNs: number;
  /** Bytes. */
  offset: number;
  length: number;
}

/**
 * Reads one line into the record. False: the line holds no request (a header, a comment, another kind of event).
 * Throws `TraceLineError` for a line that is none of these.
 */
export type LineReader = (line: string, record: TraceRecord) => boolean;

/** What is wrong with a line; who knows the file and the number of the line adds them. */
export class TraceLineError extends Error {
  override readonly name = 'TraceLineError';

  constructor(
    readonly field: string,
    readonly given: string,
    readonly allowed: string,
  ) {
    super(`${field}: got ${given}, allowed is ${allowed}`);
  }
}
