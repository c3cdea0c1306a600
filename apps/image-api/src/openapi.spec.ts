import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { describeApi } from './openapi.ts';

const CLIENT_DOCUMENT = join(import.meta.dirname, '../../../libs/client/openapi.json');

it('is what the client was generated from; if not, run its target "regenerate"', async () => {
  const document = JSON.parse(JSON.stringify(await describeApi()));
  expect(document).toEqual(JSON.parse(await readFile(CLIENT_DOCUMENT, 'utf8')));
});
