/** The demo's steps on standard output, each with what was verified and how long it took. */

import { CliError, describeError } from '../errors.ts';
import type { Output } from '../output.ts';

export class Progress {
  #done = 0;

  constructor(
    private readonly out: Output,
    private readonly total: number,
  ) {}

  /** Runs a step, which answers what it verified; a failure is told with the name of the step. */
  async step<T>(name: string, run: () => Promise<readonly [fact: string, result: T]>): Promise<T> {
    const label = `[${++this.#done}/${this.total}] ${name}`;
    if (this.out.isTerminal) this.out.write(`${label} …`);
    const startMs = performance.now();
    try {
      const [fact, result] = await run();
      const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
      this.out.write(`${this.restart()}${label}: ${fact} (${seconds} s)\n`);
      return result;
    } catch (cause) {
      this.out.write(`${this.restart()}${label}: FAILED\n`);
      throw new CliError('failed', `${name}: ${describeError(cause)}`, { cause });
    }
  }

  private restart(): string {
    return this.out.isTerminal ? '\r\u001b[K' : '';
  }
}

/** The demo verifies: what does not hold ends it. */
export function verify(holds: boolean, claim: string, found: unknown): asserts holds {
  if (!holds) throw new CliError('failed', `not so: ${claim}; found ${JSON.stringify(found)}`);
}
