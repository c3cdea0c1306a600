/** How set-up shows: not at all, unless it fails. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from '@jest/globals';
import { run } from './lab.fixture.ts';
import { root } from './workspace.fixture.ts';

/** Runs a shell command as the launcher runs npm, apt and Nx. */
function setUp(command: string) {
  const module = pathToFileURL(join(root, 'tools/launch/process.mjs'));
  const script = `import { runQuietly } from '${module}';
    process.exitCode = runQuietly('sh', ['-c', ${JSON.stringify(command)}]) ? 0 : 1;`;
  return run(process.execPath, '--input-type=module', '-e', script);
}

it('says nothing of set-up that works, however much it prints', async () => {
  const noise = 'head -c 3000000 /dev/zero; echo noise >&2';
  expect(await setUp(noise)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
});

it('shows on standard error alone all that set-up printed before it failed', async () => {
  expect(await setUp('echo about; echo reason >&2; exit 3')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'about\nreason\n',
  });
});

it('shows why set-up could not be started', async () => {
  const module = pathToFileURL(join(root, 'tools/launch/process.mjs'));
  const script = `import { runQuietly } from '${module}'; runQuietly('zonelab-no-such-program', []);`;
  const { stderr } = await run(process.execPath, '--input-type=module', '-e', script);
  expect(stderr).toContain('zonelab-no-such-program');
});
