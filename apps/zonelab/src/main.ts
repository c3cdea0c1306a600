/** Entry of the bundle. */
import { outliveReader } from './outlive-reader.ts';
import { processOutput } from './output.ts';
import { runProgram } from './program.ts';

outliveReader();
process.exitCode = await runProgram(process.argv.slice(2), processOutput);
