/** What a workload is to the engine: per job, the next command, or a wait. */
import type { Command } from '../device/command.ts';
import type { SimulatedDevice } from '../device/simulated-device.ts';

export interface Generator {
  /**
   * Fills in the job's next command. False: nothing can be submitted until another command completes, or until
   * `wakeNs`. A filled-in command is submitted at once, before the next call.
   */
  next(job: number, command: Command, nowNs: number): boolean;
  /** The command that `next` gave last was refused by the device. */
  refused?(job: number, command: Command): void;
  /** Set by `next` with false: when it can be asked again, whatever completes before. */
  readonly wakeNs?: number | undefined;
  /** Set by `next` with false: input must be read first. */
  readonly starved?: boolean;
  /** There only where the workload ends by itself: whether it has. */
  readonly done?: boolean;
  /** Whether the command that `next` gave last is the workload's own upkeep, and no part of its amount. */
  readonly overhead?: boolean;
  /** Bytes that the workload has written again, to collect garbage. */
  readonly relocatedBytes?: number;
  /** Reads more input; called, and awaited, after `starved`. */
  refill?(): Promise<void>;
  /** Share of the work done, of a workload that ends by itself. */
  readonly progress?: number;
}

/** What a host knows of the device that it drives. */
export interface HostView {
  readonly device: SimulatedDevice;
  /** Writes and appends in flight, per zone: a host lets them complete before it resets or finishes the zone. */
  readonly writesInFlight: Uint32Array;
  /** 1 while a reset, finish, open or close of the zone is in flight: a host writes to it only afterwards. */
  readonly managed: Uint8Array;
  /** Zones that writers with a limit of their own hold open. */
  readonly openZones: Set<number>;
}
