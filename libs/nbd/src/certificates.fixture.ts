/** Real certificates, made by openssl: an authority, a server, clients it signed and one that another signed. */

import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export interface Certificates {
  readonly folder: string;
  /** With the authority: clients need certificates. */
  readonly server: string;
  /** Without it: clients need none. */
  readonly serverAlone: string;
  readonly alice: string;
  readonly bob: string;
  /** Trusts the authority but is signed by another. */
  readonly mallory: string;
  /** Trusts the authority and has no certificate. */
  readonly nobody: string;
  remove(): Promise<void>;
}

const SERVER_NAMES = 'DNS:localhost,DNS:gateway.example,IP:127.0.0.1';
const ALICE_NAMES = 'DNS:vm1.example,URI:spiffe://lab/vm1,email:alice@example.org';

export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'pki-'));
  const at = (...names: string[]) => join(folder, ...names);
  const names = ['server', 'serverAlone', 'alice', 'bob', 'mallory', 'nobody'] as const;
  await Promise.all(names.map((name) => mkdir(at(name))));
  await Promise.all([selfSigned(at('ca'), 'lab'), selfSigned(at('other'), 'elsewhere')]);
  await Promise.all([
    signed(at('ca'), at('server', 'server'), '/CN=server', SERVER_NAMES),
    signed(at('ca'), at('alice', 'client'), '/O=ops/OU=backup/CN=alice', ALICE_NAMES),
    signed(at('ca'), at('bob', 'client'), '/O=dev/CN=bob', 'DNS:vm2.example'),
    signed(at('other'), at('mallory', 'client'), '/O=ops/CN=alice', ALICE_NAMES),
  ]);
  for (const file of ['server-cert.pem', 'server-key.pem']) {
    await copyFile(at('server', file), at('serverAlone', file));
  }
  for (const name of ['server', 'alice', 'bob', 'mallory', 'nobody']) {
    await copyFile(at('ca-cert.pem'), at(name, 'ca-cert.pem'));
  }
  const paths = Object.fromEntries(names.map((name) => [name, at(name)]));
  return {
    ...(paths as Record<(typeof names)[number], string>),
    folder,
    remove: () => rm(folder, { recursive: true }),
  };
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

async function selfSigned(path: string, name: string): Promise<void> {
  const out = ['-keyout', `${path}-key.pem`, '-out', `${path}-cert.pem`];
  await execute('openssl', [
    'req',
    '-x509',
    ...EC_KEY,
    ...out,
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
  ]);
}

async function signed(ca: string, path: string, subject: string, names: string): Promise<void> {
  const request = `${path}.csr`;
  const out = ['-keyout', `${path}-key.pem`, '-out', request];
  await execute('openssl', ['req', ...EC_KEY, ...out, '-subj', subject]);
  await writeFile(`${path}.ext`, `subjectAltName=${names}\n`);
  const signer = ['-CA', `${ca}-cert.pem`, '-CAkey', `${ca}-key.pem`, '-CAcreateserial'];
  const serial = ['-CAserial', `${path}.srl`, '-days', '2', '-extfile', `${path}.ext`];
  await execute('openssl', [
    ...['x509', '-req', '-in', request, '-out', `${path}-cert.pem`],
    ...signer,
    ...serial,
  ]);
}
