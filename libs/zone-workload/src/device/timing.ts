/**
 * When commands complete. A model is told each command in order of submission, owns its queues and resources, and
 * has events of its own: a die that ends a program, a reset that goes on with its next piece of work.
 */
import type { ZoneState } from '@zonelab/qcow2-zoned';
import type { Command } from './command.ts';

/** What a command met and did in the zone that it names. One object is filled again and again. */
export interface Effect {
  refused: boolean;
  /** Condition, and bytes from the zone's start to its write pointer, before the command. */
  stateBefore: ZoneState;
  occupiedBefore: number;
  /** Condition after the command. */
  stateAfter: ZoneState;
}

/** Whoever waits for completions. Slots are the numbers given to `submit`. */
export interface CompletionSink {
  /** The command of the slot completes at a simulated time that is not before now. */
  complete(slot: number, atNs: number): void;
}

export interface TimingModel {
  /** Where completions of commands submitted from now on go. */
  attach(sink: CompletionSink): void;
  /** A command given now. The sink is told at once or later, exactly once. */
  submit(slot: number, command: Command, effect: Effect, nowNs: number): void;
  /** Simulated time of the model's next own event; infinite if there is none. */
  readonly nextNs: number;
  /** Handles the event at `nextNs`. */
  tick(): void;
  /** Where the time of the commands so far went, in ns by component of the model. */
  breakdownNs(): Readonly<Record<string, number>>;
}

/** Every command takes as long as any other, and none waits for another. */
export class ConstantTiming implements TimingModel {
  readonly nextNs = Number.POSITIVE_INFINITY;
  private commands = 0;
  private sink: CompletionSink | undefined;

  constructor(private readonly serviceTimeNs: number) {}

  attach(sink: CompletionSink): void {
    this.sink = sink;
  }

  submit(slot: number, _command: Command, _effect: Effect, nowNs: number): void {
    this.commands++;
    this.sink?.complete(slot, nowNs + this.serviceTimeNs);
  }

  tick(): void {}

  breakdownNs(): Readonly<Record<string, number>> {
    return { service: this.commands * this.serviceTimeNs };
  }
}
