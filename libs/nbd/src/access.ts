/** Who may use an export: rules on the names in a client's certificate, or on the name of the key that it shares. */

import { invalidOption } from './errors.ts';
import { MAX_ALLOW_RULES, MAX_STRING_BYTES } from './limits.ts';

/** The other end of a connection, as far as it has shown itself. */
export interface Peer {
  /** The connection is encrypted. */
  readonly secure: boolean;
  /** Names of a verified certificate, or `PSK=name` of a shared key, each `KEY=value`; empty without. */
  readonly names: ReadonlySet<string>;
}

export const STRANGER: Peer = { secure: false, names: new Set() };

const RULE = /^(CN|O|OU|C|ST|L|DC|UID|emailAddress|DNS|URI|IP|EMAIL|PSK)=./;

/**
 * Rules such as `CN=alice`, `OU=backup`, `DNS=vm1.example`, `URI=spiffe://lab/vm1`; each is compared as a whole.
 * @throws NbdError `invalid_option`
 */
export function checkRules(rules: readonly string[]): void {
  if (rules.length > MAX_ALLOW_RULES) {
    throw invalidOption('allow', `${rules.length} rules`, `at most ${MAX_ALLOW_RULES}`);
  }
  for (const rule of rules) {
    if (RULE.test(rule) && Buffer.byteLength(rule) <= MAX_STRING_BYTES) continue;
    const allowed =
      'FIELD=value with CN, O, OU, C, ST, L, DC, UID, emailAddress, DNS, URI, IP, EMAIL, PSK';
    throw invalidOption('allow', rule, allowed);
  }
}

/** Whether one of the rules fits. Without rules everyone who can connect is admitted. */
export function admits(rules: readonly string[] | undefined, { names }: Peer): boolean {
  return rules === undefined || rules.some((rule) => names.has(rule));
}
