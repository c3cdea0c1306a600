/** docker-compose.yml against the Compose specification's own schema, and against this project's rules. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { root } from './workspace.fixture.ts';

interface Service {
  image?: string;
  command?: string[];
  environment?: Record<string, string>;
  healthcheck?: object;
  volumes?: string[];
}

const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose: { services: Record<string, Service>; volumes: object } = parse(text, {
  merge: true,
});
const servers = ['postgres', 'redis', 'image-api', 'worker', 'device-gateway'];

/** Variables that Compose puts in, in one of its forms: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`. */
function variables(source: string): { name: string; form: string }[] {
  return [...source.matchAll(/(?<!\$)\$\{(\w+)([^}]*)\}/g)].map(([, name = '', form = '']) => ({
    name,
    form,
  }));
}

it('follows the schema of the Compose specification', () => {
  const linter = createRequire(import.meta.url).resolve('dclint/package.json');
  const schema = readFileSync(join(dirname(linter), 'schemas/compose.schema.json'), 'utf8');
  const ajv = new Ajv({ strict: false, validateSchema: false, validateFormats: false });
  const validate = ajv.compile(JSON.parse(schema));
  validate(compose);
  expect(validate.errors ?? []).toEqual([]);
});

it('runs every server with a health check', () => {
  const checked = Object.entries(compose.services).filter(([, service]) => service.healthcheck);
  expect(checked.map(([name]) => name).sort()).toEqual([...servers].sort());
});

it('keeps data in named volumes', () => {
  const used = Object.values(compose.services).flatMap(({ volumes = [] }) =>
    volumes.map((volume) => volume.split(':')[0]),
  );
  expect([...new Set(used)].sort()).toEqual(Object.keys(compose.volumes).sort());
});

it('has no default for any secret', () => {
  const secrets = variables(text).filter(({ name }) => /PASSWORD|KEY|SECRET|TOKEN/.test(name));
  expect(new Set(secrets.map(({ name }) => name))).toEqual(
    new Set(['POSTGRES_PASSWORD', 'REDIS_PASSWORD', 'ZONELAB_ADMIN_KEY']),
  );
  expect(secrets.filter(({ form }) => !form.startsWith(':?'))).toEqual([]);
});

it('publishes ports on the loopback address unless told otherwise', () => {
  const listens = variables(text).filter(({ name }) => name.endsWith('_LISTEN'));
  expect(listens.map(({ form }) => form.split(':', 2)[1])).toEqual(['-127.0.0.1', '-127.0.0.1']);
});

it('has every variable in .env.example, secrets left empty', () => {
  const example = readFileSync(join(root, '.env.example'), 'utf8');
  const listed = new Map(
    [...example.matchAll(/^#?([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  expect([...listed.keys()].sort()).toEqual(
    [...new Set(variables(text).map(({ name }) => name))].sort(),
  );
  const secrets = [...listed].filter(([name]) => /PASSWORD|KEY/.test(name));
  expect(secrets.map(([, value]) => value)).toEqual(['', '', '']);
});
