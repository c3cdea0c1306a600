/** Errors as REST shows them: RFC 9457 problem details with a stable code, and what was wrong with each field. */

import { z } from 'zod';

export const fieldErrorSchema = z.object({
  path: z.string().describe('Where: dotted, as in zoned.zoneSize; empty for the whole document'),
  given: z.unknown().describe('The value as given'),
  allowed: z.string().describe('What would have been accepted'),
});
export type FieldError = z.infer<typeof fieldErrorSchema>;

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().describe('Stable and snake_case; match this, not the texts'),
  detail: z.string(),
  instance: z.string().optional(),
  errors: z.array(fieldErrorSchema).optional(),
  context: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Facts behind the refusal, such as zoneIndex, zoneCondition, writePointer'),
});
export type Problem = z.infer<typeof problemSchema>;

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

type Issue = z.core.$ZodIssue;

/** One entry for each thing that was wrong with `input`, by name, value and what is allowed. */
export function fieldErrors(issues: readonly Issue[], input: unknown): FieldError[] {
  return issues.flatMap((issue) => {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
    return keys.map((key) => {
      const path = key === undefined ? issue.path : [...issue.path, key];
      return {
        path: path.join('.'),
        given: issue.code === 'invalid_key' ? path.at(-1) : (valueAt(input, path) ?? null),
        allowed: allowedBy(issue),
      };
    });
  });
}

/** The field errors in one line, for terminals and logs. */
export function describeFieldErrors(errors: readonly FieldError[]): string {
  return errors
    .map(({ path, given, allowed }) => {
      const got = given == null ? 'nothing' : JSON.stringify(given);
      return `${path || 'document'}: got ${got}, allowed is ${allowed}`;
    })
    .join('; ');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value;
}

function allowedBy(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected;
    case 'invalid_value':
      return `one of ${issue.values.join(', ')}`;
    case 'too_small':
      return `at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `at most ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_key':
      return `a key of ${issue.issues.map(allowedBy).join(', ')}`;
    case 'unrecognized_keys':
      return 'no field of this name';
    case 'invalid_format':
      // A field with a pattern of its own says it in words; zod's patterns have names.
      return issue.format === 'regex' ? issue.message : `a valid ${issue.format}`;
    case 'invalid_union':
      return unionAlternatives(issue);
    default:
      return issue.message;
  }
}

function unionAlternatives(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  const options =
    'options' in issue ? (issue.options as readonly unknown[] | undefined) : undefined;
  if (options) return `one of ${options.join(', ')}`;
  const alternatives = issue.errors.flatMap((branch) => branch.map((inner) => allowedBy(inner)));
  return [...new Set(alternatives)].join(' or ') || issue.message;
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  if (origin === 'array' || origin === 'set' || origin === 'map') return ' items';
  return '';
}
