/** The validation table: what was published, what the simulated device gives, how far apart they are. */
import type { DevicePreset } from '../definition.ts';
import { SOURCES, VALIDATION_CHECKS, type ValidationCheck } from './checks.ts';

export interface ValidationResult {
  readonly check: ValidationCheck;
  readonly simulated: number;
  /** Relative: 0.02 is 2 % above the published figure. */
  readonly error: number;
  readonly met: boolean;
}

/** Runs the checks, of one preset or of all. */
export function runValidation(preset?: DevicePreset): readonly ValidationResult[] {
  const chosen = VALIDATION_CHECKS.filter((check) => !preset || check.preset === preset);
  return chosen.map((check) => {
    const simulated = check.simulate();
    const error = simulated / check.published - 1;
    return { check, simulated, error, met: Math.abs(error) <= check.within };
  });
}

/** As a table of Markdown, which reads well in a terminal too; the sources follow it. */
export function renderValidation(results: readonly ValidationResult[]): string {
  const rows = [
    ['check', 'what', 'published', 'simulated', 'error', 'within', 'verdict', 'source'],
    ...results.map(({ check, simulated, error, met }) => [
      check.id,
      check.what,
      `${check.published} ${check.unit}`,
      `${Number(simulated.toPrecision(4))} ${check.unit}`,
      `${error < 0 ? '' : '+'}${(error * 100).toFixed(1)} %`,
      `${check.within * 100} %`,
      met ? 'met' : 'NOT MET',
      check.source,
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)));
  const lines = rows.map(
    (row) => `| ${row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`,
  );
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  const used = new Set(results.map(({ check }) => check.source));
  const sources = Object.entries(SOURCES).filter(([key]) => used.has(key as keyof typeof SOURCES));
  return [...lines, '', ...sources.map(([key, text]) => `- ${key}: ${text}`), ''].join('\n');
}
