/** When commands complete. A model is told each command in order of submission, and owns its queues and resources. */
import type { Command } from './command.ts';

export interface TimingModel {
  /** Simulated time at which a command accepted now completes. */
  accept(command: Command, nowNs: number): number;
  /** Simulated time at which a command refused now completes. */
  refuse(command: Command, nowNs: number): number;
  /** Where the time of the commands so far went, in ns by component of the model. */
  breakdownNs(): Readonly<Record<string, number>>;
}

/** Every command takes as long as any other, and none waits for another. */
export class ConstantTiming implements TimingModel {
  private commands = 0;

  constructor(private readonly serviceTimeNs: number) {}

  accept(_command: Command, nowNs: number): number {
    this.commands++;
    return nowNs + this.serviceTimeNs;
  }

  refuse(command: Command, nowNs: number): number {
    return this.accept(command, nowNs);
  }

  breakdownNs(): Readonly<Record<string, number>> {
    return { service: this.commands * this.serviceTimeNs };
  }
}
