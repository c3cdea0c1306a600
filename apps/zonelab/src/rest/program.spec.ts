import { expect, it } from '@jest/globals';
import { runCli } from '../run-cli.fixture.ts';

it.each([
  ['--zeroes', 'write, reset'],
  ['--trim', 'reset, ignore'],
  ['--limits', 'on, off'],
])(
  'refuses an unknown value of %s of an export, naming those that there are',
  async (option, allowed) => {
    const { exitCode, stderr } = await runCli('export', 'create', 'id', option, 'maybe');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(new RegExp(`${option}.*maybe.*${allowed}`));
  },
);

it.each([
  ['neither', []],
  ['both', ['--base', 'id', '--size', '1G']],
])('refuses a fleet with %s of a base and a size', async (given, options) => {
  const { exitCode, stderr } = await runCli('fleet', 'create', 'web', '3', ...options);
  expect(exitCode).toBe(2);
  expect(stderr).toBe(`zonelab: --base, --size: got ${given}, allowed is one of them\n`);
});
