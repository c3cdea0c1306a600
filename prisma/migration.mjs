// Compares what prisma/migrations make with what prisma/schema.prisma says.
//   DATABASE_URL=… node prisma/migration.mjs check     exits 1 and prints the difference, if there is one
//   DATABASE_URL=… node prisma/migration.mjs new NAME  writes it as a migration, to be read before it is committed
// The server is used for a shadow database only. Prisma's own `migrate diff` and `migrate dev` do the same where its
// engine can be downloaded; this needs nothing but the packages.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filters, migrationsList, openEngine } from '../tools/schema-engine.mjs';

const FOLDER = join(import.meta.dirname, 'migrations');
const SCHEMA = join(import.meta.dirname, 'schema.prisma');

const [action, name = ''] = process.argv.slice(2);
const url = process.env.DATABASE_URL;
if (!url || !(action === 'check' || (action === 'new' && /^[a-z0-9_]+$/.test(name)))) {
  console.error(
    'usage: DATABASE_URL=postgresql://… node prisma/migration.mjs check | new NAME\n' +
      'NAME is lower case letters, digits and "_"',
  );
  process.exit(2);
}

const { engine, files } = await openEngine(url, SCHEMA);
const { exitCode, stdout: script } = await engine.diff({
  from: { tag: 'migrations', ...migrationsList(FOLDER) },
  to: { tag: 'schemaDatamodel', files },
  script: true,
  exitCode: true,
  filters,
});
const differs = exitCode === 2;
if (!differs) {
  console.error('the migrations make what the schema says');
} else if (action === 'check') {
  console.log(script);
} else {
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const folder = join(FOLDER, `${stamp}_${name}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'migration.sql'), script);
  console.log(folder);
}
process.exit(differs && action === 'check' ? 1 : 0); // the engine keeps its connections open
