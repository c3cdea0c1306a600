/** What a fio job asks for, beyond what every phase has. */
import type { Distribution } from '../definition.ts';

export interface FioJobOptions {
  readonly direction: 'read' | 'write' | 'mixed' | 'trim';
  readonly random: boolean;
  /** Of `mixed`: share of reads. */
  readonly readShare: number;
  /** Bytes that each job moves. */
  readonly bytesPerJob: number;
  /** Zones open at once by all jobs, and by each; 0: no bound. */
  readonly maxOpenZones: number;
  readonly jobMaxOpenZones: number;
  readonly resetFrequency: number;
  readonly resetThreshold: number;
  readonly readBeyondWp: boolean;
  readonly distribution: Distribution;
}
