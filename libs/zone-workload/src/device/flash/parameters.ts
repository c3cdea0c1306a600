/**
 * The numbers of a flash device. Times are integer nanoseconds, sizes bytes, rates bytes per second. Where the
 * numbers of each preset come from stands in its model card, docs/model-cards.
 */

export interface FlashTiming {
  /** Dies, each of which does one thing at a time. */
  readonly dies: number;
  /** Channels that the dies share, die n on channel n modulo channels. */
  readonly channels: number;
  /** Dies over which one zone is striped; 0: all. */
  readonly diesPerZone: number;
  /** Data that a die reads at once, and the unit in which a zone is striped over its dies. */
  readonly pageBytes: number;
  /** Rate of one channel. */
  readonly channelRate: number;
  /** Rates of the link to the host, which is full duplex. */
  readonly hostReadRate: number;
  readonly hostWriteRate: number;

  /** Time of the one command processor, per command. */
  readonly readCommandNs: number;
  readonly writeCommandNs: number;
  readonly appendCommandNs: number;
  readonly manageCommandNs: number;
  /** Whether the processor's times are all alike, or exponentially spread about their mean. */
  readonly commandSpread: 'none' | 'exponential';

  /** Time of a read, write or append that no other command waits for. */
  readonly readFixedNs: number;
  readonly writeFixedNs: number;
  readonly appendFixedNs: number;
  /** The first write to a zone that is not open. */
  readonly implicitOpenNs: number;

  /** From command to data in the page register, of a fast page, and of every `slowPageEvery`th (0: none). */
  readonly pageReadNs: number;
  readonly slowPageReadNs: number;
  readonly slowPageEvery: number;

  /** A program writes so many bytes of one die, and takes so long once they are in its registers. */
  readonly programBytes: number;
  readonly programNs: number;
  /** A program gives way to a read at the end of such a piece of it; 0: it does not. */
  readonly programSliceNs: number;
  /** Data of a zone that must have come together before programs start: a multiple of `programBytes`. */
  readonly flushBytes: number;
  /** Data in programs that wait or run, of the device and of one zone: a write waits at this limit. 0: none. */
  readonly bufferBytes: number;
  readonly zoneBufferBytes: number;

  readonly openNs: number;
  readonly closeNs: number;
  /** What the device writes down of a zone's new condition: part of every reset, and of a finish that programs. */
  readonly recordNs: number;
  /** Work of the command processor to reset a zone full of data; less data, less work. */
  readonly resetWorkNs: number;
  /** The processor does that work in pieces of this mean length, between which commands get their turn. */
  readonly workSliceNs: number;
  /** Erase of the zone's dies at a reset; 0: left to their next program. */
  readonly eraseNs: number;
  /** Finish of an empty or full zone. */
  readonly finishNs: number;
  /** Whether a finish programs the rest of the zone, and a reset of a zone partly written its last stripe. */
  readonly finishPads: boolean;
}
