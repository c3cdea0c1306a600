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
