/** The numbers of a rotating disk. Times are integer nanoseconds, sizes bytes, rates bytes per second. */

export interface DiskTiming {
  readonly revolutionNs: number;
  /** Media rate at the first and at the last byte; in between it falls evenly. */
  readonly outerRate: number;
  readonly innerRate: number;
  /** A seek over a share s of the stroke takes seekNs + strokeNs * sqrt(s). */
  readonly seekNs: number;
  readonly strokeNs: number;
  /** Commands among which the one with the shortest access goes first. */
  readonly queueDepth: number;
  /** Of the drive's electronics, per command, beside the media. */
  readonly commandNs: number;
  readonly interfaceRate: number;
  /** Written data that waits for the media; 0: a write completes when it is on the media. */
  readonly writeCacheBytes: number;
  /** How far the drive reads on after a read. */
  readonly readAheadBytes: number;
  /** A command on a zone occupies the head for so long. */
  readonly manageNs: number;
}
