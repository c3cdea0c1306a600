// Child processes of the launcher, and how it ends when the machine lacks something.
import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout this launcher belongs to. */
export const root = dirname(dirname(dirname(realpathSync(fileURLToPath(import.meta.url)))));

/** Started as it is: npx would take as long as a cached build. */
export const NX = join(root, 'node_modules/.bin/nx');

/** Something that set-up cannot provide: the message is one line, the exit code 2. */
export class SetupError extends Error {}

/** Loaded when something must be run: most commands start nothing. */
const spawnSync = (...words) => process.getBuiltinModule('node:child_process').spawnSync(...words);

export function say(message) {
  process.stderr.write(`zonelab: ${message}\n`);
}

/** Runs a set-up command. What it printed is shown where it fails, on stderr: stdout belongs to the user's command. */
export function runQuietly(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: Number.POSITIVE_INFINITY, // beyond Node's own bound it would be killed
    ...options,
  });
  if (status === 0) return true;
  process.stderr.write(error ? `${command}: ${error.message}\n` : Buffer.concat([stdout, stderr]));
  return false;
}

/** Standard output of a command, or undefined where it fails. */
export function capture(command, args, options = {}) {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    ...options,
  });
  return result.status === 0 ? result.stdout : undefined;
}

/** Whether PATH has the command. Administrators' folders count: a user's PATH often lacks them. */
export function hasCommand(name) {
  return process.env.PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
