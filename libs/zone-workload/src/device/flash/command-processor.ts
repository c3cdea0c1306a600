/**
 * The one processor through which every command goes, first come, first served; work on zones takes turns with
 * commands there. Its time per command may be spread exponentially: then a queue forms before it is fully loaded,
 * as measured on hardware.
 */
import { Random } from '../../random.ts';

/** Tells this stream of random numbers from those of the workloads. */
const STREAM = 0x63707573;
const QUANTILES = 1024;

export class CommandProcessor {
  private freeNs = 0;
  private readonly random: Random;
  private readonly quantiles: Float64Array | undefined;

  constructor(spread: 'none' | 'exponential', seed: number) {
    this.random = new Random(seed, STREAM);
    this.quantiles = spread === 'exponential' ? exponentialQuantiles() : undefined;
  }

  /** A command takes its turn at `nowNs` or later, after those that came before it. Returns when it ends. */
  command(nowNs: number, meanNs: number): number {
    this.freeNs = Math.max(nowNs, this.freeNs) + this.lengthNs(meanNs);
    return this.freeNs;
  }

  /**
   * A piece of work on a zone takes turns with commands: it waits for about one of them (`patienceNs`), not for all that
   * queue up, and those that come later wait for it. Returns when it ends.
   */
  work(nowNs: number, meanNs: number, patienceNs: number): number {
    const lengthNs = this.lengthNs(meanNs);
    const startNs = Math.min(Math.max(nowNs, this.freeNs), nowNs + patienceNs);
    this.freeNs = Math.max(nowNs, this.freeNs) + lengthNs;
    return startNs + lengthNs;
  }

  private lengthNs(meanNs: number): number {
    const { quantiles } = this;
    if (!quantiles) return meanNs;
    return Math.round(meanNs * (quantiles[this.random.uint32() & (QUANTILES - 1)] as number));
  }
}

/** Equally likely values of the exponential distribution with mean 1: fast, and the same on every machine. */
function exponentialQuantiles(): Float64Array {
  const values = Float64Array.from(
    { length: QUANTILES },
    (_, n) => -Math.log(1 - (n + 0.5) / QUANTILES),
  );
  const mean = values.reduce((sum, value) => sum + value, 0) / QUANTILES;
  return values.map((value) => value / mean);
}
