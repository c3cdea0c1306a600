import { expect, it } from '@jest/globals';
import { readConfig } from './config.ts';

const good = {
  DATABASE_URL: 'postgresql://u:p@127.0.0.1:5432/zonelab',
  REDIS_URL: 'redis://127.0.0.1:6379',
  ZONELAB_POOLS: '/srv/pool',
};

it('fills in what is not set', () => {
  expect(readConfig(good)).toMatchObject({
    bind: '127.0.0.1',
    publicHost: '127.0.0.1',
    nbdPort: 10809,
    nbdSocket: undefined,
    port: 3000,
    keepReportsDays: 90,
    logLevel: 'info',
    pools: [{ name: 'pool', path: '/srv/pool' }],
  });
});

it('reads several pools with names', () => {
  expect(readConfig({ ...good, ZONELAB_POOLS: 'fast=/nvme,slow=/srv/smr' }).pools).toEqual([
    { name: 'fast', path: '/nvme' },
    { name: 'slow', path: '/srv/smr' },
  ]);
});

it('takes an empty variable as not set', () => {
  expect(readConfig({ ...good, LOG_LEVEL: '' }).logLevel).toBe('info');
});

it.each([
  ['DATABASE_URL', 'mysql://x', '"mysql://x"', 'postgresql:// or postgres://'],
  ['REDIS_URL', undefined, 'nothing', 'redis:// or rediss://'],
  ['ZONELAB_POOLS', 'pool', '"pool"', 'absolute/path'],
  ['ZONELAB_POOLS', '/a/p,/b/p', '"/a/p,/b/p"', 'each name once'],
  ['ZONELAB_NBD_PORT', '65536', '"65536"', 'a port from 0 to 65535'],
  ['ZONELAB_BIND', 'a b', '"a b"', 'a host name or address'],
  ['ZONELAB_TLS_DIR', 'tls', '"tls"', 'an absolute path'],
  ['ZONELAB_GATEWAY_ID', 'a/b', '"a/b"', 'letters, digits'],
  ['ZONELAB_KEEP_REPORTS_DAYS', '1.5', '"1.5"', 'whole days from 0'],
  ['LOG_LEVEL', 'loud', '"loud"', 'one of fatal, error'],
])('says in one line what is wrong with %s=%s', (variable, value, given, allowed) => {
  let message = '';
  try {
    readConfig({ ...good, [variable]: value });
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toContain(`${variable}: got ${given}, allowed is `);
  expect(message).toContain(allowed);
  expect(message).not.toContain('\n');
});

it('keeps credentials out of what it says', () => {
  const read = () =>
    readConfig({ ...good, DATABASE_URL: 'x://u:secret@h/d', ZONELAB_ADMIN_KEY: 'secret' });
  expect(read).toThrow(/DATABASE_URL.*ZONELAB_ADMIN_KEY/);
  expect(read).not.toThrow(/secret/);
});
