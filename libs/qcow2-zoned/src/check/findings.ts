/** What a check finds, and what a repair mends of it: complete counts, and the first findings in words. */
import { MAX_CHECK_FINDINGS } from '../limits.ts';

/**
 * `leak`: space that nothing uses. `corruption`: data is or will be lost. `failure`: something could not be checked.
 * `zone`: the zone table is in doubt.
 */
export type FindingKind = 'leak' | 'corruption' | 'failure' | 'zone';

export interface CheckFinding {
  readonly kind: FindingKind;
  readonly message: string;
  /** True where the repair mended it. */
  readonly fixed: boolean;
}

export class Findings {
  readonly found: Record<FindingKind, number> = { leak: 0, corruption: 0, failure: 0, zone: 0 };
  readonly fixed: Record<FindingKind, number> = { leak: 0, corruption: 0, failure: 0, zone: 0 };
  readonly #told: Record<FindingKind, number> = { leak: 0, corruption: 0, failure: 0, zone: 0 };
  readonly list: CheckFinding[] = [];

  /** The message is made only where there is room to tell it. `times`: places that show the same fault. */
  add(kind: FindingKind, message: () => string, times = 1): void {
    this.found[kind] += times;
    this.#tell(kind, message, false);
  }

  addFixed(kind: FindingKind, message: () => string, times = 1): void {
    this.fixed[kind] += times;
    this.#tell(kind, message, true);
  }

  /** True where nothing is left that was found and not mended. */
  get clean(): boolean {
    return Object.values(this.found).every((count) => count === 0);
  }

  #tell(kind: FindingKind, message: () => string, fixed: boolean): void {
    if (this.#told[kind]++ < MAX_CHECK_FINDINGS)
      this.list.push({ kind, message: message(), fixed });
  }
}
