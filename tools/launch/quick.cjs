// Starts a command that is one script, where that is bundled already; leaves the others to main.mjs.
const { join } = require('node:path');
const { isScript, runScript } = require('./script.cjs');
const { readyBundle } = require('./stamp.cjs');

const [command, subcommand] = process.argv.slice(2);
const script = isScript(command, subcommand) ? readyBundle(subcommand) : undefined;
if (script === undefined) import('./main.mjs');
else {
  process.env.ZONELAB_ROOT = join(__dirname, '../..');
  runScript(script);
}
