/** Checks bodies, queries and path parameters against their zod schemas, once, and answers all that is wrong. */

import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { describeFieldErrors, type FieldError, fieldErrors } from '@zonelab/contracts';
import { ZodType } from 'zod';
import { ProblemError } from './problem.ts';

export class ValidationPipe implements PipeTransform {
  transform(value: unknown, { schema, type }: ArgumentMetadata): unknown {
    if (!(schema instanceof ZodType)) return value;
    const input = value ?? {};
    const result = schema.safeParse(input);
    if (result.success) return result.data;
    const errors = fieldErrors(result.error.issues, input);
    if (type === 'param') refuseUnknownId(errors);
    throw invalidRequest(errors);
  }
}

export function invalidRequest(errors: FieldError[]): ProblemError {
  const detail = describeFieldErrors(errors);
  return new ProblemError({ status: 422, code: 'invalid_request', detail, errors });
}

/** A text that is no id is the id of nothing. */
function refuseUnknownId(errors: readonly FieldError[]): void {
  const id = errors.find(({ path }) => path === 'id');
  if (!id) return;
  const detail = `id ${JSON.stringify(id.given)}: there is none`;
  throw new ProblemError({ status: 404, code: 'not_found', detail });
}
