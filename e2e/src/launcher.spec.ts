/** How set-up shows: not at all, unless it fails. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from '@jest/globals';
import { run } from './lab.fixture.ts';
import { root } from './workspace.fixture.ts';

/** Runs a program as the launcher runs npm, apt and Nx. */
function setUp(...words: readonly [string, ...string[]]) {
  const launcher = pathToFileURL(join(root, 'tools/launch/process.mjs')).href;
  const [command, ...args] = words.map((word) => JSON.stringify(word));
  const program = `const { runQuietly } = await import(${JSON.stringify(launcher)});
    process.exitCode = runQuietly(${command}, [${args}]) ? 0 : 1;`;
  return run(process.execPath, '--input-type=module', '-e', program);
}

it('says nothing of set-up that works, however much it prints', async () => {
  const noise = 'head -c 3000000 /dev/zero; echo noise >&2';
  expect(await setUp('sh', '-c', noise)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
});

it('shows on standard error alone all that set-up printed before it failed', async () => {
  expect(await setUp('sh', '-c', 'echo about; echo reason >&2; exit 3')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'about\nreason\n',
  });
});

it('shows why set-up could not be started', async () => {
  const { exitCode, stderr } = await setUp('zonelab-no-such-program');
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('zonelab-no-such-program')]);
});
