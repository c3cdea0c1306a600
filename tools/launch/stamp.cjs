// What was bundled, and whether it still is what the sources say. CommonJS, which starts sooner than modules do.
const { existsSync, readFileSync, statSync } = require('node:fs');
const { join } = require('node:path');

/** The checkout this launcher belongs to. */
const root = join(__dirname, '../..');

/** Path of the folder of a bundle and, beside its versions, of its stamp. */
const folderOf = (name) => join(root, '.zonelab', name);
const stampOf = (name) => join(folderOf(name), 'stamp.json');

/** Path of an up-to-date bundle's entry; undefined where there is none. */
function readyBundle(name) {
  if (!existsSync(stampOf(name))) return undefined;
  const { node, main, files } = JSON.parse(readFileSync(stampOf(name), 'utf8'));
  const holds = ([path, size, time]) => {
    const [sizeNow, timeNow] = versionOf(path);
    return size === sizeNow && time === timeNow;
  };
  return node === process.version && files.every(holds) ? join(folderOf(name), main) : undefined;
}

/** Size and time of a file of the checkout; nothing where it is not there. */
function versionOf(path) {
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  return stats ? [stats.size, stats.mtimeMs] : [];
}

module.exports = { folderOf, readyBundle, stampOf, versionOf };
