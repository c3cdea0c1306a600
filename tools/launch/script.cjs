// Bundles that are one script: they load sooner than the pieces that commands share, and what V8 made of one when it ran
// is kept for the next time.
const { existsSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

/** Commands `img …` that scripts run by the thousand: each has such a bundle of its own. */
const SCRIPTS = ['check', 'convert', 'info'];

const isScript = (command, subcommand) => command === 'img' && SCRIPTS.includes(subcommand);

/** `file`: a function of `require` and its own path, as bundle.mjs writes it, in ASCII. */
function runScript(file) {
  const compiled = `${file}.compiled`;
  const cachedData = existsSync(compiled) ? readFileSync(compiled) : undefined;
  const script = new Script(readFileSync(file, 'latin1'), { filename: file, cachedData });
  if (!cachedData || script.cachedDataRejected) process.once('exit', () => keep(script, compiled));
  script.runInThisContext()(require, file);
}

/** By then all functions that a command needs are compiled, if it did its work. */
function keep(script, compiled) {
  if (process.exitCode || process.argv.includes('--help')) return;
  const draft = `${compiled}.${process.pid}`;
  try {
    writeFileSync(draft, script.createCachedData());
    renameSync(draft, compiled);
  } catch {
    // whoever may not write to the checkout goes without
  }
}

module.exports = { SCRIPTS, isScript, runScript };
