import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const FOLDER = join(import.meta.dirname, '..');

it('is what openapi.json makes', async () => {
  const print =
    'import("./generate.mjs").then(async (m) => process.stdout.write(await m.generate()))';
  const options = { cwd: FOLDER, env: { ...process.env, NODE_OPTIONS: '' } };
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', print], options);
  expect(await readFile(join(FOLDER, 'src/api-types.ts'), 'utf8')).toBe(stdout);
});
