/** NBD URIs, as in doc/uri.md of the NBD project: `nbd://host[:port]/name`, `nbd+unix:///name?socket=path`. */

import { invalidOption } from './errors.ts';
import { DEFAULT_PORT } from './protocol.ts';

export type NbdUri =
  | { readonly host: string; readonly port: number; readonly name: string }
  | { readonly path: string; readonly name: string };

const FORMS = 'nbd://host[:port]/name or nbd+unix:///name?socket=path';

/** @throws NbdError `invalid_option` for anything else; TLS schemes included, as there is no TLS yet */
export function parseNbdUri(text: string): NbdUri {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const socket = url?.searchParams.get('socket');
  if (url?.protocol === 'nbd+unix:' && socket && url.host === '') {
    return { path: socket, name: exportName(url, text) };
  }
  if (url?.protocol === 'nbd:' && url.hostname !== '') {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    return { host, port: Number(url.port || DEFAULT_PORT), name: exportName(url, text) };
  }
  throw invalidOption('uri', text, FORMS);
}

export function formatNbdUri(uri: NbdUri): string {
  const name = encodeURIComponent(uri.name);
  if ('path' in uri) return `nbd+unix:///${name}?socket=${encodeURIComponent(uri.path)}`;
  const host = uri.host.includes(':') ? `[${uri.host}]` : uri.host;
  return `nbd://${host}:${uri.port}/${name}`;
}

function exportName(url: URL, text: string): string {
  try {
    return decodeURIComponent(url.pathname.slice(1));
  } catch {
    throw invalidOption('uri', text, FORMS);
  }
}
