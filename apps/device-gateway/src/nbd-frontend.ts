/** The NBD server of this process, listening, and where clients reach it. */

import { isIP } from 'node:net';
import { type ListenAddress, loadServerCredentials, NbdServer } from '@zonelab/nbd';
import type { Config, Logger } from '@zonelab/platform';

/** Host and port in the URIs given to clients. */
export interface PublicAddress {
  readonly host: string;
  readonly port: number;
  /** Clients must use TLS. */
  readonly tls: boolean;
}

/** The gateway's user and group: whoever may open the socket may use every export. */
const SOCKET_MODE = 0o660;

export class NbdFrontend {
  private constructor(
    readonly server: NbdServer,
    readonly address: PublicAddress,
    /** For clients on this host. */
    readonly unixSocket: string | null,
  ) {}

  static async listen(config: Config, logger: Logger): Promise<NbdFrontend> {
    const { bind, nbdTls: tls, tlsDir } = config;
    const credentials = tlsDir === undefined ? undefined : await loadServerCredentials(tlsDir);
    const server = new NbdServer({
      credentials,
      idleTimeoutMs: config.nbdIdleTimeoutMs,
      onConnection: (event) => logger.info(event, `client ${event.event} an export`),
      onUnexpected: (err) => logger.error({ err }, 'fault in the NBD server'),
    });
    const bound = await server.listen({ host: bind, port: config.nbdPort }, { tls });
    if (config.nbdSocket !== undefined) {
      await server.listen({ path: config.nbdSocket }, { mode: SOCKET_MODE });
    }
    if (tls !== 'required' && !isLoopback(bind)) {
      logger.warn({ bind, tls }, 'disks are served in the clear to other hosts');
    }
    const address = { host: config.publicHost, port: portOf(bound), tls: tls === 'required' };
    return new NbdFrontend(server, address, config.nbdSocket ?? null);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function portOf(address: ListenAddress): number {
  if ('port' in address) return address.port;
  throw new Error(`listening on ${address.path}, which has no port`);
}
