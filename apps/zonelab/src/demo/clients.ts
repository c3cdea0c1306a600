/** NBD clients that are not ours, run as a user would run them. */
import { execFile } from 'node:child_process';
import { CliError } from '../errors.ts';
import { CLIENT_TIMEOUT_MS, MAX_CLIENT_OUTPUT_BYTES } from '../limits.ts';

export interface ClientResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a client to its end, whatever its exit code. */
export function runClient(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<ClientResult> {
  const options = { signal, timeout: CLIENT_TIMEOUT_MS, maxBuffer: MAX_CLIENT_OUTPUT_BYTES };
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code;
      if (typeof exitCode === 'number') resolve({ exitCode, stdout, stderr });
      else reject(new CliError('failed', `${command}: ${error?.message}`, { cause: error }));
    });
  });
}

/** Runs a client that must succeed; answers its standard output. */
export async function runClientWell(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const { exitCode, stdout, stderr } = await runClient(command, args, signal);
  if (exitCode === 0) return stdout;
  const reason = (stderr || stdout).trim();
  throw new CliError('failed', `${command} ended with ${exitCode}: ${reason}`);
}
