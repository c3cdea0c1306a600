/**
 * TLS for NBD: certificates and shared keys as files, the upgrade of a connection in mid-session, and who a peer says it is.
 * proto.md, "TLS support". TLS 1.2 is the least that is spoken.
 */

import { readFile } from 'node:fs/promises';
import { isIP, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { invalidOption, NbdError } from './errors.ts';
import { CIPHERS_WITH_PSK, parseSharedKeys, type SharedKeys, usesSharedKey } from './psk.ts';

const MIN_VERSION = 'TLSv1.2';

/** PEM texts: a certificate with its key, or keys shared with clients, or both. */
export interface ServerCredentials {
  readonly cert?: string;
  readonly key?: string;
  readonly sharedKeys?: SharedKeys;
  /** Clients must show a certificate signed by one of these; without it they need none. */
  readonly ca?: string;
}

/** PEM texts. */
export interface ClientCredentials {
  /** Signers of server certificates that are trusted; those that Node trusts without it. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Name that the server's certificate must have; the host of the URI without it. */
  readonly hostname?: string;
}

/** A client that has been let in over TLS. */
export interface SecureClient {
  readonly socket: TLSSocket;
  /** Who it has shown to be, each `KEY=value`. */
  readonly names: ReadonlySet<string>;
}

/**
 * Reads `server-cert.pem`, `server-key.pem` and, where client certificates are wanted, `ca-cert.pem`; and `keys.psk`,
 * beside them or alone: the names that QEMU and libnbd use.
 * @throws NbdError `invalid_option` for a file that is missing or cannot be used
 */
export async function loadServerCredentials(directory: string): Promise<ServerCredentials> {
  const psk = await readIfThere(directory, 'keys.psk');
  const alone = psk !== undefined && !(await isThere(directory, 'server-cert.pem'));
  const pair = alone ? {} : await readPair(directory);
  try {
    const sharedKeys = psk === undefined ? undefined : parseSharedKeys(psk);
    const credentials = { ...pair, sharedKeys };
    createServer(serverOptions(credentials));
    return credentials;
  } catch (cause) {
    throw unusable(directory, cause);
  }
}

/** Reads `ca-cert.pem`, `client-cert.pem` and `client-key.pem`, each where it is there. */
export async function loadClientCredentials(directory: string): Promise<ClientCredentials> {
  return {
    ca: await readNeeded(directory, 'ca-cert.pem'),
    cert: await readIfThere(directory, 'client-cert.pem'),
    key: await readIfThere(directory, 'client-key.pem'),
  };
}

/**
 * The server's side of the upgrade. A tls.Server for each connection, never listening, is the documented way to
 * have a socket upgraded and its client's certificate verified.
 * @throws whatever ends the handshake; the socket is destroyed then
 */
export function upgradeServerSide(
  raw: Socket,
  credentials: ServerCredentials,
): Promise<SecureClient> {
  return new Promise((resolve, reject) => {
    // the last name with a key that was looked up is the one whose key OpenSSL goes on to verify
    let identity: string | undefined;
    const sharedKey = (name: string): Buffer | null => {
      const key = credentials.sharedKeys?.get(name);
      if (key !== undefined) identity = name;
      return key ?? null;
    };
    const upgrader = createServer(serverOptions(credentials, sharedKey), (socket) => {
      const byKey = identity !== undefined && usesSharedKey(socket);
      const names = byKey ? new Set([`PSK=${identity}`]) : certificateNames(socket);
      resolve({ socket, names });
    });
    const fail = (error: Error): void => {
      raw.destroy();
      reject(error);
    };
    upgrader.on('tlsClientError', fail);
    raw.once('close', () => fail(new Error('closed in the TLS handshake')));
    upgrader.emit('connection', raw);
  });
}

export function upgradeClientSide(
  raw: Socket,
  { ca, cert, key, hostname }: ClientCredentials,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // an address is no name to announce, but the certificate is held against it all the same
    const servername = hostname !== undefined && isIP(hostname) === 0 ? hostname : '';
    const trust = { ca, cert, key, servername, host: hostname };
    const socket = connect({ socket: raw, ...trust, minVersion: MIN_VERSION });
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', (cause) =>
      reject(new NbdError('disconnected', `TLS: ${cause.message}`, {}, { cause })),
    );
  });
}

function serverOptions(
  { cert, key, ca, sharedKeys }: ServerCredentials,
  sharedKey: (name: string) => Buffer | null = () => null,
): TlsOptions {
  const psk: TlsOptions =
    sharedKeys === undefined
      ? {}
      : {
          pskCallback: (_socket, name) => sharedKey(name),
          ciphers: CIPHERS_WITH_PSK,
        };
  return {
    ...psk,
    cert,
    key,
    ca,
    requestCert: ca !== undefined,
    rejectUnauthorized: ca !== undefined,
    minVersion: MIN_VERSION,
    allowHalfOpen: true,
    // the time of the whole handshake, this one included, is bounded by the connection
    handshakeTimeout: 2 ** 31 - 1,
  };
}

async function readPair(directory: string): Promise<ServerCredentials> {
  const cert = await readNeeded(directory, 'server-cert.pem');
  const key = await readNeeded(directory, 'server-key.pem');
  return { cert, key, ca: await readIfThere(directory, 'ca-cert.pem') };
}

async function isThere(directory: string, name: string): Promise<boolean> {
  return (await readIfThere(directory, name)) !== undefined;
}

async function readNeeded(directory: string, name: string): Promise<string> {
  const text = await readIfThere(directory, name);
  if (text === undefined) throw invalidOption(`TLS directory ${directory}`, `no ${name}`, 'one');
  return text;
}

async function readIfThere(directory: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(join(directory, name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(directory, error);
  }
}

function unusable(directory: string, cause: unknown): NbdError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new NbdError(
    'invalid_option',
    `TLS directory ${directory}: ${reason.replaceAll(/\s*\n\s*/g, ' ')}`,
    {},
    { cause },
  );
}

/**
 * What a client's verified certificate says, as `KEY=value`: fields of the subject, and DNS, URI, IP, EMAIL of the
 * alternative names. Empty without such a certificate.
 */
function certificateNames(socket: TLSSocket): ReadonlySet<string> {
  const names = new Set<string>();
  if (!socket.authorized) return names;
  const { subject, subjectaltname = '' } = socket.getPeerCertificate();
  // a session by a key that is shared is authorized, and has no certificate
  for (const [field, value] of Object.entries(subject ?? {})) {
    for (const one of [value].flat()) names.add(`${field}=${one}`);
  }
  for (const { kind, value } of altNames(subjectaltname)) names.add(`${kind}=${value}`);
  return names;
}

const ALT_NAME = /\s*(DNS|URI|IP Address|email):("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)|[^,]*(?:,|$)/gy;
const ALT_KINDS: Readonly<Record<string, string>> = {
  DNS: 'DNS',
  URI: 'URI',
  'IP Address': 'IP',
  email: 'EMAIL',
};

/** Node separates names by commas, and writes those that contain one as JSON strings. */
function* altNames(text: string): Generator<{ kind: string; value: string }> {
  for (const [whole, kind, value] of text.matchAll(ALT_NAME)) {
    if (whole === '') return;
    if (kind === undefined || value === undefined) continue;
    const plain = value.startsWith('"') ? String(JSON.parse(value)) : value;
    yield { kind: ALT_KINDS[kind] ?? kind, value: plain };
  }
}
