import { expect, it } from '@jest/globals';
import { redisOptions } from './redis.ts';

it('reads host, port, credentials, database and TLS from the URL', () => {
  expect(redisOptions('rediss://user:p%40ss@[::1]:7000/3')).toMatchObject({
    host: '::1',
    port: 7000,
    username: 'user',
    password: 'p@ss',
    db: 3,
    tls: {},
  });
});

it('waits for Redis as long as it takes', () => {
  expect(redisOptions('redis://h')).toEqual({
    host: 'h',
    port: 6379,
    db: 0,
    maxRetriesPerRequest: null,
  });
});
