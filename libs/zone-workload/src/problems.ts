/** Collects what is wrong with a definition, so that a user learns of all of it at once. */
import { type DefinitionProblem, invalidDefinition } from './errors.ts';
import { MAX_PROBLEMS } from './limits.ts';

export class Problems {
  private readonly found: DefinitionProblem[] = [];

  add(path: string, given: unknown, allowed: string): void {
    const text = given === undefined ? 'nothing' : JSON.stringify(given);
    if (this.found.length < MAX_PROBLEMS) this.found.push({ path, given: text, allowed });
  }

  /** Whether `given` is an integer in the range; adds a problem if it is not. */
  integer(path: string, given: unknown, min: number, max: number): given is number {
    const fits =
      Number.isSafeInteger(given) && (given as number) >= min && (given as number) <= max;
    if (!fits) this.add(path, given, `an integer from ${min} to ${max}`);
    return fits;
  }

  /** Whether `given` is a number from 0 (or above it) to 1; adds a problem if it is not. */
  share(path: string, given: unknown, { above0 = false } = {}): boolean {
    const fits = typeof given === 'number' && given <= 1 && (above0 ? given > 0 : given >= 0);
    if (!fits) this.add(path, given, `a number ${above0 ? 'above' : 'from'} 0 to 1`);
    return fits;
  }

  oneOf(path: string, given: unknown, allowed: readonly unknown[]): boolean {
    const fits = allowed.includes(given);
    if (!fits) this.add(path, given, allowed.join(', '));
    return fits;
  }

  get list(): readonly DefinitionProblem[] {
    return this.found;
  }

  /** Throws `invalid_definition` if there is any. */
  throwIfAny(): void {
    if (this.found.length > 0) throw invalidDefinition(this.found);
  }
}
