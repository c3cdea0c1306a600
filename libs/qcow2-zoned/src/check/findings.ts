/** What a check finds: complete counts, and the first findings of each kind in words. */
import { MAX_CHECK_FINDINGS } from '../limits.ts';

/**
 * `leak`: space that nothing uses. `corruption`: data is or will be lost. `failure`: something could not be checked.
 * `zone`: the zone table is in doubt.
 */
export type FindingKind = 'leak' | 'corruption' | 'failure' | 'zone';

export interface CheckFinding {
  readonly kind: FindingKind;
  readonly message: string;
}

export class Findings {
  readonly found: Record<FindingKind, number> = { leak: 0, corruption: 0, failure: 0, zone: 0 };
  readonly list: CheckFinding[] = [];
  readonly #told: Record<FindingKind, number> = { leak: 0, corruption: 0, failure: 0, zone: 0 };

  /** The message is made only where there is room to tell it. `times`: places that show the same fault. */
  add(kind: FindingKind, message: () => string, times = 1): void {
    this.found[kind] += times;
    if (this.#told[kind]++ < MAX_CHECK_FINDINGS) this.list.push({ kind, message: message() });
  }

  /** Takes over what another collection has. */
  absorb({ found, list }: Findings): void {
    for (const { kind, message } of list) this.add(kind, () => message, 0);
    for (const kind of Object.keys(found) as FindingKind[]) this.found[kind] += found[kind];
  }
}
