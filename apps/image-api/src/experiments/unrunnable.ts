/** Refuses what the simulator would refuse: nothing is written down that cannot run. */

import type { ExperimentDefinition } from '@zonelab/contracts';
import { type DefinitionProblem, validate } from '@zonelab/zone-workload';
import { invalidRequest } from '../http/validation.pipe.ts';

/** @param prefix of the definition in the body, as `base.`. */
export function refuseUnrunnable(definition: ExperimentDefinition, prefix = ''): void {
  refuseProblems(validate(definition), prefix);
}

export function refuseProblems(problems: readonly DefinitionProblem[], prefix = ''): void {
  if (problems.length === 0) return;
  throw invalidRequest(
    problems.map(({ path, given, allowed }) => ({
      path: `${prefix}${path.replace(/\[(\d+)\]/g, '.$1')}`,
      given: givenOf(given),
      allowed,
    })),
  );
}

/** Problems tell values as JSON; those of job files as text. */
function givenOf(text: string): unknown {
  if (text === 'nothing') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
