/** Runs a command line in this process and keeps what it prints. */
import { runProgram } from './program.ts';

export interface CliResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export async function runCli(...args: string[]): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  const exitCode = await runProgram(args, {
    write: (text) => {
      stdout += text;
    },
    warn: (text) => {
      stderr += text;
    },
    isTerminal: false,
    columns: 80,
  });
  return { stdout, stderr, exitCode };
}
