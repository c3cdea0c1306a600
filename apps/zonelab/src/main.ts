/** Entry of the bundle. */
import { endWithReader } from './end-with-reader.ts';
import { processOutput } from './output.ts';
import { runProgram } from './program.ts';

endWithReader();
process.exitCode = await runProgram(process.argv.slice(2), processOutput);
