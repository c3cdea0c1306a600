/** Fault plans on the command line: given as JSON or in a file, and what they did. */
import { readFileSync } from 'node:fs';
import { type FaultPlan, type FaultStatus, ImageError, parseFaultPlan } from '@zonelab/qcow2-zoned';
import { CliError, usageError } from './errors.ts';

export const FAULTS_HELP = 'a fault plan: JSON, or a file that holds it';

/** Takes `--faults`: JSON where it begins with a brace, else the name of a file that holds it. */
export function faultPlanArgument(given: string): FaultPlan {
  const inline = given.trimStart().startsWith('{');
  try {
    return parseFaultPlan(JSON.parse(inline ? given : readFileSync(given, 'utf8')));
  } catch (error) {
    if (error instanceof ImageError) throw new CliError('usage', `--faults: ${error.message}`);
    const cause = error instanceof SyntaxError ? 'not JSON' : 'cannot be read';
    throw usageError('--faults', `${given.slice(0, 60)} (${cause})`, 'a fault plan, or its file');
  }
}

/** A line per rule: how often it was met, how often it acted, and the rule. */
export function faultLines(status: readonly FaultStatus[]): string {
  return status
    .map(({ rule, seen, fired }, i) => `rule ${i}: ${fired} of ${seen} ${JSON.stringify(rule)}\n`)
    .join('');
}
