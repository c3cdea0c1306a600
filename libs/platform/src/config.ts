/** Environment of every service: one schema, read and checked once, at start. */

import { hostname } from 'node:os';
import { basename, isAbsolute } from 'node:path';
import { z } from 'zod';
import { PlatformError } from './errors.ts';

/** A folder of images, under the name that the catalog knows it by on every host. */
export interface Pool {
  name: string;
  path: string;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** A field whose one message is what it allows. */
function field<T>(allowed: string, read: (text: string) => T | undefined) {
  return z.string({ error: allowed }).transform((text, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: allowed });
    return z.NEVER;
  });
}

function urlField(...protocols: string[]) {
  return field(`a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`, (text) =>
    URL.canParse(text) && protocols.includes(new URL(text).protocol) ? text : undefined,
  );
}

const portField = field('a port from 0 to 65535, where 0 is any free one', (text) =>
  /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined,
);
const MAX_IDLE_SECONDS = 1_000_000;
const idleField = field(
  `whole seconds from 0 to ${MAX_IDLE_SECONDS}, where 0 is for ever`,
  (text) =>
    /^\d{1,7}$/.test(text) && Number(text) <= MAX_IDLE_SECONDS ? Number(text) * 1000 : undefined,
);
const daysField = field('whole days from 0 to 36500, where 0 is for ever', (text) =>
  /^\d{1,5}$/.test(text) && Number(text) <= 36_500 ? Number(text) : undefined,
);
const hostField = field('a host name or address', (text) =>
  /^[^\s/]+$/.test(text) ? text : undefined,
);
/** Bytes of a path in a socket address, the ending zero left out (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;
const socketField = field(`an absolute path of at most ${MAX_SOCKET_PATH_BYTES} bytes`, (text) =>
  isAbsolute(text) && Buffer.byteLength(text) <= MAX_SOCKET_PATH_BYTES ? text : undefined,
);
const pathField = field('an absolute path', (text) => (isAbsolute(text) ? text : undefined));
const nameField = field('letters, digits, ".", "_" and "-", at most 128', (text) =>
  NAME.test(text) ? text : undefined,
);

const poolsField = field(
  'NAME=/absolute/path, or a path alone under the name of its folder, several separated by commas, each name once',
  (text) => {
    const pools = text.split(',').map((entry): Pool => {
      const at = entry.indexOf('=');
      const path = entry.slice(at + 1).trim();
      return { name: at < 0 ? basename(path) : entry.slice(0, at).trim(), path };
    });
    const good = pools.every(({ name, path }) => NAME.test(name) && isAbsolute(path));
    return good && new Set(pools.map((pool) => pool.name)).size === pools.length
      ? pools
      : undefined;
  },
);

/** Whether the gateway's NBD port takes clients in the clear: `off` always, `optional` beside TLS, `required` never. */
const NBD_TLS_MODES = ['off', 'optional', 'required'] as const;

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const environmentSchema = z.object({
  DATABASE_URL: urlField('postgresql:', 'postgres:'),
  REDIS_URL: urlField('redis:', 'rediss:'),
  ZONELAB_POOLS: poolsField,
  ZONELAB_BIND: hostField.prefault('127.0.0.1'),
  ZONELAB_PUBLIC_HOST: hostField.optional(),
  ZONELAB_NBD_PORT: portField.prefault('10809'),
  ZONELAB_NBD_SOCKET: socketField.optional(),
  ZONELAB_TLS_DIR: pathField.optional(),
  ZONELAB_NBD_TLS: z
    .enum(NBD_TLS_MODES, { error: `one of ${NBD_TLS_MODES.join(', ')}` })
    .optional(),
  ZONELAB_NBD_IDLE_SECONDS: idleField.prefault('0'),
  ZONELAB_GATEWAY_ID: nameField.prefault(hostname),
  ZONELAB_ADMIN_KEY: field('"zl_" and 32 or more letters, digits, "_" and "-"', (text) =>
    /^zl_[\w-]{32,}$/.test(text) ? text : undefined,
  ).optional(),
  ZONELAB_KEEP_REPORTS_DAYS: daysField.prefault('90'),
  PORT: portField.prefault('3000'),
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `one of ${LOG_LEVELS.join(', ')}` }).prefault('info'),
});

export interface Config {
  databaseUrl: string;
  redisUrl: string;
  pools: Pool[];
  /** Address that servers listen on. */
  bind: string;
  /** Host in the addresses given to clients. */
  publicHost: string;
  nbdPort: number;
  /** Unix socket that the gateway serves beside its port. */
  nbdSocket: string | undefined;
  /** Directory with the certificates of the NBD port, or keys shared with its clients. */
  tlsDir: string | undefined;
  nbdTls: (typeof NBD_TLS_MODES)[number];
  /** An NBD client that asks for nothing so long is disconnected; 0: never. */
  nbdIdleTimeoutMs: number;
  gatewayId: string;
  /** A key that the API accepts as admin from its first start on. */
  adminKey: string | undefined;
  /** Days that reports of experiments are kept; 0: for ever. */
  keepReportsDays: number;
  /** Port of the REST API. */
  port: number;
  logLevel: LogLevel;
}

/**
 * Reads the configuration. A variable set to the empty string counts as not set.
 * @throws PlatformError `invalid_environment`: one line with each wrong variable, its value and what is allowed.
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(
    Object.keys(environmentSchema.shape).map((key) => [key, environment[key] || undefined]),
  );
  const result = environmentSchema.safeParse(given);
  if (!result.success) {
    const lines = result.error.issues.map((issue) => {
      const variable = String(issue.path[0]);
      return `${variable}: got ${shown(variable, given[variable])}, allowed is ${issue.message}`;
    });
    throw new PlatformError('invalid_environment', lines.join('; '));
  }
  const env = result.data;
  return {
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    pools: env.ZONELAB_POOLS,
    bind: env.ZONELAB_BIND,
    publicHost: env.ZONELAB_PUBLIC_HOST ?? env.ZONELAB_BIND,
    nbdPort: env.ZONELAB_NBD_PORT,
    nbdSocket: env.ZONELAB_NBD_SOCKET,
    tlsDir: env.ZONELAB_TLS_DIR,
    nbdTls: env.ZONELAB_NBD_TLS ?? (env.ZONELAB_TLS_DIR === undefined ? 'off' : 'required'),
    nbdIdleTimeoutMs: env.ZONELAB_NBD_IDLE_SECONDS,
    gatewayId: env.ZONELAB_GATEWAY_ID,
    adminKey: env.ZONELAB_ADMIN_KEY,
    keepReportsDays: env.ZONELAB_KEEP_REPORTS_DAYS,
    port: env.PORT,
    logLevel: env.LOG_LEVEL,
  };
}

/** Secrets stay out of logs: a key is not shown, and a URL without its credentials. */
function shown(variable: string, value: string | undefined): string {
  if (value === undefined) return 'nothing';
  if (variable === 'ZONELAB_ADMIN_KEY') return 'something else';
  return JSON.stringify(value.replace(/\/\/[^@/]*@/, '//…@'));
}
