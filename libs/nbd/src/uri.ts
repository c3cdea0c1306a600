/** NBD URIs, as in doc/uri.md of the NBD project: `nbd://host[:port]/name`, `nbd+unix:///name?socket=path`. */

import { invalidOption } from './errors.ts';
import { DEFAULT_PORT } from './protocol.ts';

export interface NbdUriTls {
  /** The connection is to be encrypted: scheme `nbds`. */
  readonly tls?: boolean;
  /** Directory of certificates, in the names that libnbd uses. */
  readonly certificates?: string;
  /** Name that the server's certificate must have, where it is not the host. */
  readonly tlsHostname?: string;
}

export type NbdUri = NbdUriTls &
  (
    | { readonly host: string; readonly port: number; readonly name: string }
    | { readonly path: string; readonly name: string }
  );

const FORMS =
  'nbd://host[:port]/name or nbd+unix:///name?socket=path, with nbds in place of nbd for TLS';

/** @throws NbdError `invalid_option` for anything else */
export function parseNbdUri(text: string): NbdUri {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const socket = url?.searchParams.get('socket');
  if (/^nbds?\+unix:$/.test(url?.protocol ?? '') && url && socket && url.host === '') {
    return { path: socket, name: exportName(url, text), ...tlsOf(url) };
  }
  if (/^nbds?:$/.test(url?.protocol ?? '') && url && url.hostname !== '') {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const port = Number(url.port || DEFAULT_PORT);
    return { host, port, name: exportName(url, text), ...tlsOf(url) };
  }
  throw invalidOption('uri', text, FORMS);
}

/** The directory of certificates is the client's own affair, and stays out. */
export function formatNbdUri(uri: NbdUri): string {
  const name = encodeURIComponent(uri.name);
  const scheme = uri.tls ? 'nbds' : 'nbd';
  if ('path' in uri) return `${scheme}+unix:///${name}?socket=${encodeURIComponent(uri.path)}`;
  const host = uri.host.includes(':') ? `[${uri.host}]` : uri.host;
  return `${scheme}://${host}:${uri.port}/${name}`;
}

function tlsOf(url: URL): NbdUriTls {
  if (!url.protocol.startsWith('nbds')) return {};
  const certificates = url.searchParams.get('tls-certificates') ?? undefined;
  const tlsHostname = url.searchParams.get('tls-hostname') ?? undefined;
  return { tls: true, ...(certificates && { certificates }), ...(tlsHostname && { tlsHostname }) };
}

function exportName(url: URL, text: string): string {
  try {
    return decodeURIComponent(url.pathname.slice(1));
  } catch {
    throw invalidOption('uri', text, FORMS);
  }
}
