/** `zonelab nbd` on the command line. */
import type { Command } from 'commander';
import { type CliContext, collect } from '../context.ts';
import { usageError } from '../errors.ts';
import { FAULTS_HELP, faultPlanArgument } from '../faults.ts';
import { MAX_REORDER_BYTES } from '../limits.ts';
import { countArgument, sizeArgument } from '../numbers.ts';
import { type ReadRuleFlags, readRulesOf, takesReadRules } from '../read-rules.ts';
import type { ServeOptions, TlsOptions } from './run.ts';

interface NbdFlags extends ReadRuleFlags {
  socket?: string;
  socketMode?: number;
  port?: number;
  bind: string;
  export: string;
  readOnly?: true;
  reorder?: number;
  idleTimeout?: number;
  tlsDir?: string;
  tlsMode?: 'optional' | 'required';
  tlsAllow?: string[];
  faults?: ServeOptions['faults'];
}

const MAX_PORT = 65_535;
const MAX_IDLE_SECONDS = 1_000_000;

const REORDER_HELP =
  'bytes of writes ahead of a write pointer that wait for those before them, for clients with several connections';

const TLS_HELP = `
TLS: the directory holds server-cert.pem and server-key.pem. With ca-cert.pem in it clients must show a certificate
that this authority signed. keys.psk, beside them or alone, holds keys shared with clients, in lines of name:hex.
--tls-allow admits only clients whose certificate has one of the names given, such as CN=alice, OU=backup,
DNS=vm1.example or URI=spiffe://lab/vm1, or that share a key, such as PSK=alice.`;

export function addNbd(program: Command, context: CliContext): void {
  takesReadRules(program.command('nbd'))
    .description('serve one image over NBD until interrupted, as qemu-nbd does')
    .argument('<file>')
    .option('--socket <path>', 'listen on a Unix socket')
    .option('--socket-mode <octal>', 'permissions of the socket, such as 0660', modeArgument)
    .option('--port <number>', 'listen on a TCP port, 0 for any free one', (text) =>
      countArgument('--port', text, { max: MAX_PORT }),
    )
    .option('--bind <address>', 'address of the TCP port', '127.0.0.1')
    .option('--export <name>', 'name of the export', '')
    .option('--read-only', 'refuse writes')
    .option('--reorder <size>', REORDER_HELP, reorderArgument)
    .option('--idle-timeout <seconds>', 'end connections that ask for nothing so long', (text) =>
      countArgument('--idle-timeout', text, { max: MAX_IDLE_SECONDS }),
    )
    .option('--tls-dir <directory>', 'speak TLS with the certificates in it')
    .option('--tls-mode <mode>', 'required (default) or optional, with --tls-dir', tlsModeArgument)
    .option('--tls-allow <name>', 'admit clients of this name alone; may be repeated', collect)
    .option('--faults <plan>', FAULTS_HELP, faultPlanArgument)
    .addHelpText('after', TLS_HELP)
    .action(async (file: string, flags: NbdFlags) => {
      const options = serveOptions(flags);
      const { serveImage } = await import('./run.ts');
      await serveImage(file, options, context.out);
    });
}

function serveOptions(flags: NbdFlags): ServeOptions {
  const { socket, socketMode: mode, port, bind, export: name, readOnly, faults } = flags;
  if ((socket === undefined) === (port === undefined)) {
    throw usageError('--socket, --port', socket === undefined ? 'neither' : 'both', 'one');
  }
  if (mode !== undefined && socket === undefined) {
    throw usageError('--socket-mode', mode.toString(8), 'a mode together with --socket');
  }
  const place = socket === undefined ? { host: bind, port: port ?? 0 } : { path: socket };
  const tls = tlsOptions(flags);
  const { reorder, idleTimeout: idleSeconds } = flags;
  const options = { reorder, idleSeconds, faults, tls, rules: readRulesOf(flags) };
  return { place, mode, name, readOnly: readOnly === true, ...options };
}

function tlsOptions({ tlsDir: directory, tlsMode, tlsAllow: allow }: NbdFlags) {
  if (directory !== undefined) {
    return { directory, mode: tlsMode ?? 'required', allow } satisfies TlsOptions;
  }
  if (tlsMode !== undefined)
    throw usageError('--tls-mode', tlsMode, 'a mode together with --tls-dir');
  if (allow !== undefined) {
    throw usageError('--tls-allow', allow.join(' '), 'names together with --tls-dir');
  }
  return undefined;
}

function reorderArgument(text: string): number {
  const bytes = sizeArgument('--reorder', text);
  if (bytes <= MAX_REORDER_BYTES) return bytes;
  throw usageError('--reorder', text, `at most ${MAX_REORDER_BYTES}`);
}

function tlsModeArgument(text: string): 'optional' | 'required' {
  if (text === 'optional' || text === 'required') return text;
  throw usageError('--tls-mode', text, 'optional or required');
}

function modeArgument(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw usageError('--socket-mode', text, 'three octal digits, such as 660');
}
