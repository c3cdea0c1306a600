/** The one error class of this library. Callers match `code`, never the message. */

export type WorkloadErrorCode =
  /** The definition cannot be run; `problems` says why, field by field. Nothing has run. */
  | 'invalid_definition'
  /** A trace holds a line that its format does not allow, or cannot be read. */
  | 'invalid_trace'
  /** A real device that carries out the run does not agree with the simulated one. */
  | 'mirror_mismatch'
  /** The device did not do what the auditor predicted: a defect of zonelab, not of the definition. */
  | 'audit_mismatch'
  /** The caller asked the run to stop. */
  | 'cancelled';

/** One field that stands in the way. */
export interface DefinitionProblem {
  /** Where in the definition, as `workload.phases[0].blockSize`. */
  readonly path: string;
  /** The value found, as JSON; `undefined` where it is missing. */
  readonly given: string;
  /** What would fit, in words. */
  readonly allowed: string;
}

export interface WorkloadErrorContext {
  readonly problems?: readonly DefinitionProblem[];
  /** Commands submitted before the error. */
  readonly operations?: number;
  readonly zoneIndex?: number;
  readonly expected?: string;
  readonly actual?: string;
}

export class WorkloadError extends Error {
  override readonly name = 'WorkloadError';

  constructor(
    readonly code: WorkloadErrorCode,
    message: string,
    readonly context: WorkloadErrorContext = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

export function invalidDefinition(problems: readonly DefinitionProblem[]): WorkloadError {
  const lines = problems.map((p) => `${p.path}: got ${p.given}, allowed is ${p.allowed}`);
  return new WorkloadError('invalid_definition', lines.join('; '), { problems });
}
