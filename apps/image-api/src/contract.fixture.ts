/** Answers held against the document that describes them: a status that is not in it, or a body of another shape, throws. */

import { PROBLEM_MEDIA_TYPE } from '@zonelab/contracts';
import { Ajv, type ValidateFunction } from 'ajv';
import { describeApi } from './openapi.ts';

type Operation = { responses: Record<string, { content?: Record<string, object> }> };
type Document = { paths: Record<string, Record<string, Operation>> };

export interface Contract {
  /** Every route: its method in capitals, and its path with the names of its parameters in braces. */
  readonly routes: readonly { readonly method: string; readonly path: string }[];
  check(method: string, url: string, status: number, type: string, body: unknown): void;
}

export async function readContract(): Promise<Contract> {
  const document = asJsonSchema(JSON.parse(JSON.stringify(await describeApi()))) as Document;
  const ajv = new Ajv({ strict: false, validateSchema: false, validateFormats: false });
  ajv.addSchema(document, 'api');
  const validators = new Map<string, ValidateFunction>();
  const validatorOf = (place: readonly string[]): ValidateFunction => {
    const pointer = place.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
    const $ref = `api#/${encodeURI(pointer)}`;
    const known = validators.get($ref) ?? ajv.compile({ $ref });
    validators.set($ref, known);
    return known;
  };
  return {
    routes: Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => ({ method: method.toUpperCase(), path })),
    ),
    check: (method, url, status, type, body) => {
      const path = templateOf(Object.keys(document.paths), new URL(url, 'http://host').pathname);
      const verb = method.toLowerCase();
      const responses = path === undefined ? undefined : document.paths[path]?.[verb]?.responses;
      if (path === undefined || responses === undefined) return; // no such route: what it answers is HTTP's
      const answer = String(status) in responses ? String(status) : 'default';
      const at = `${method} ${path} ${status}`;
      if (answer === 'default' && status < 400) throw new Error(`${at}: not in the document`);
      const media = answer === 'default' ? PROBLEM_MEDIA_TYPE : 'application/json';
      if (responses[answer]?.content?.[media] === undefined) return; // no body, or one that is no JSON
      if (!type.startsWith(media)) throw new Error(`${at}: ${type}, the document says ${media}`);
      const place = ['paths', path, verb, 'responses', answer, 'content', media, 'schema'];
      const validate = validatorOf(place);
      if (!validate(body)) throw new Error(`${at}: ${ajv.errorsText(validate.errors)}`);
    },
  };
}

/** The path of the document that a request's is one of: the one with the fewest parameters. */
function templateOf(templates: readonly string[], pathname: string): string | undefined {
  const parameters = (template: string): number => template.split('{').length;
  const fitting = templates.filter((template) =>
    new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname),
  );
  return fitting.sort((one, other) => parameters(one) - parameters(other))[0];
}

/** OpenAPI 3.0 says by booleans what JSON Schema has other words for: exclusive bounds, and null. */
function asJsonSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(asJsonSchema);
  if (typeof node !== 'object' || node === null) return node;
  const fields = Object.fromEntries(
    Object.entries(node).map(([name, value]) => [name, asJsonSchema(value)]),
  );
  for (const [bound, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (fields[exclusive] !== true) continue;
    fields[exclusive] = fields[bound];
    delete fields[bound];
  }
  const { nullable, ...rest } = fields;
  return nullable === true ? { anyOf: [rest, { type: 'null' }] } : fields;
}
