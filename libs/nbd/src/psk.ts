/** Keys that a server shares with its clients, in place of certificates (RFC 4279; RFC 8446, section 2.2). */

import { DEFAULT_CIPHERS, type TLSSocket } from 'node:tls';
import { MAX_PSK_KEYS, MAX_STRING_BYTES, MIN_PSK_BYTES } from './limits.ts';

/** Keys by the names of clients. */
export type SharedKeys = ReadonlyMap<string, Buffer>;

/**
 * In this order before all others, or a client that has both is asked for its certificate: suites of TLS 1.3 whose hash
 * is that of a shared key (RFC 8446, section 4.2.11), then those of TLS 1.2 with a key exchange that keeps secrets.
 */
const PSK_CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'ECDHE-PSK-CHACHA20-POLY1305',
  'DHE-PSK-AES256-GCM-SHA384',
  'DHE-PSK-AES128-GCM-SHA256',
  'ECDHE-PSK-AES256-CBC-SHA384',
  'ECDHE-PSK-AES128-CBC-SHA256',
];

/** Node's own list, with those, and without what has no fresh secret for every session. */
export const CIPHERS_WITH_PSK = [
  ...PSK_CIPHERS,
  DEFAULT_CIPHERS.replace('!PSK', '!kPSK:!kRSAPSK'),
].join(':');

/**
 * Lines of `name:hex`, as psktool writes them for QEMU, libnbd and nbdkit. Empty lines and those that begin with `#`
 * say nothing.
 * @throws Error naming the line; never a key
 */
export function parseSharedKeys(text: string): SharedKeys {
  const keys = new Map<string, Buffer>();
  text.split(/\r?\n/).forEach((line, index) => {
    if (line === '' || line.startsWith('#')) return;
    const at = line.lastIndexOf(':');
    const [name, hex] = [line.slice(0, at), line.slice(at + 1)];
    const where = `keys.psk line ${index + 1}`;
    if (at < 1 || Buffer.byteLength(name) > MAX_STRING_BYTES) {
      throw new Error(`${where}: got no name, allowed are lines of name:hex`);
    }
    if (!/^([0-9a-fA-F]{2})*$/.test(hex) || hex.length < 2 * MIN_PSK_BYTES) {
      throw new Error(
        `${where}: key of ${name}: allowed are ${MIN_PSK_BYTES} bytes or more in hex`,
      );
    }
    if (keys.has(name)) throw new Error(`${where}: ${name} has a key already`);
    if (keys.size === MAX_PSK_KEYS) throw new Error(`${where}: allowed are ${MAX_PSK_KEYS} keys`);
    keys.set(name, Buffer.from(hex, 'hex'));
  });
  return keys;
}

/**
 * Whether the handshake came about by a shared key. With TLS 1.3 that looks like a session taken up again; no other
 * session can be, as every connection has a context, and with it ticket keys, of its own.
 */
export function usesSharedKey(socket: TLSSocket): boolean {
  if (socket.getProtocol() === 'TLSv1.3') return socket.isSessionReused();
  return socket.getCipher().name.includes('PSK');
}
