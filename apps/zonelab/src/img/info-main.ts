/** Entry of a bundle for `img info` alone: scripts run it by the thousand, and starting is all that it costs. */
import { outliveReader } from '../outlive-reader.ts';
import { processOutput } from '../output.ts';
import { runCommands } from '../run-commands.ts';
import { addInfo } from './info-program.ts';

outliveReader();
process.exitCode = await runCommands(process.argv.slice(2), processOutput, (program, context) =>
  addInfo(program.command('img'), context),
);
