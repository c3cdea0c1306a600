import { expect, it } from '@jest/globals';
import { formatNbdUri, parseNbdUri } from './uri.ts';

it.each([
  ['nbd://localhost/disk', { host: 'localhost', port: 10809, name: 'disk' }],
  ['nbd://127.0.0.1:4711', { host: '127.0.0.1', port: 4711, name: '' }],
  ['nbd://[::1]:9/a%2Fb%20c', { host: '::1', port: 9, name: 'a/b c' }],
  ['nbd+unix:///disk?socket=/tmp/s', { path: '/tmp/s', name: 'disk' }],
  ['nbd+unix://?socket=/tmp/s', { path: '/tmp/s', name: '' }],
  ['nbds://h/disk', { host: 'h', port: 10809, name: 'disk', tls: true }],
  [
    'nbds+unix:///d?socket=/tmp/s&tls-certificates=/pki&tls-hostname=h',
    { path: '/tmp/s', name: 'd', tls: true, certificates: '/pki', tlsHostname: 'h' },
  ],
])('parses %s', (text, expected) => {
  expect(parseNbdUri(text)).toEqual(expected);
});

it.each([
  [{ host: '::1', port: 9, name: 'a/b?c' }],
  [{ path: '/tmp/with space&', name: 'é' }],
  [{ host: 'h', port: 9, name: 'x', tls: true }],
])('parses what it formats: %j', (uri) => {
  expect(parseNbdUri(formatNbdUri(uri))).toEqual(uri);
});

it.each([
  'nbdss://host/disk',
  'http://host',
  'nbd+unix:///disk',
  'disk',
  'nbd:///x',
  'nbd://h/%ff',
])('refuses %s', (text) => {
  expect(() => parseNbdUri(text)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
});
