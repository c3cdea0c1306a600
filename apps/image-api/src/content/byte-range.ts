/** One range of bytes of a whole (RFC 9110, 14.1.2). */

export interface ByteRange {
  readonly first: number;
  /** The last byte, included. */
  readonly last: number;
}

/**
 * `whole` where the header is absent, of another unit, or names several ranges: a server may answer all of it.
 * `unsatisfiable` where no byte of the range is there.
 */
export function parseRange(
  header: string | undefined,
  length: number,
): ByteRange | 'whole' | 'unsatisfiable' {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (from === '' && to === '') return 'whole';
  const first = from === '' ? Math.max(0, length - Number(to)) : Number(from);
  const last = from === '' || to === '' ? length - 1 : Math.min(Number(to), length - 1);
  if (from !== '' && to !== '' && Number(to) < first) return 'whole'; // no valid range at all
  return first > last ? 'unsatisfiable' : { first, last };
}
