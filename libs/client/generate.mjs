// Writes src/api-types.ts from openapi.json, which image-api prints. The types are checked in, so that a change of the
// API shows in review. openapi-typescript stays at version 6: version 7 needs the compiler API of TypeScript 5.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import openapiTypescript from 'openapi-typescript';

const HEADER = `// biome-ignore-all lint: generated
// biome-ignore-all format: generated
/** Generated from openapi.json by generate.mjs. */

`;

export async function generate() {
  const document = JSON.parse(readFileSync(join(import.meta.dirname, 'openapi.json'), 'utf8'));
  return HEADER + (await openapiTypescript(document, { commentHeader: '' })).trimStart();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(join(import.meta.dirname, 'src/api-types.ts'), await generate());
}
