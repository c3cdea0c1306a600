/** Waits, so that the device gets time for itself. */
import type { Generator } from './generator.ts';

const NS_PER_SECOND = 1e9;

export class Idle implements Generator {
  done = false;
  wakeNs: number | undefined;

  constructor(private readonly seconds: number) {}

  next(_job: number, _command: unknown, nowNs: number): boolean {
    this.wakeNs ??= nowNs + Math.round(this.seconds * NS_PER_SECOND);
    this.done = nowNs >= this.wakeNs;
    return false;
  }
}
