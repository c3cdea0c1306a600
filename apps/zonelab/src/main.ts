/** Entry of the bundle. */
import { processOutput } from './output.ts';
import { runProgram } from './program.ts';

// `zonelab zones … | head` ends the reader first: nothing is left to say then.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await runProgram(process.argv.slice(2), processOutput);
