/** The NBD server of this process, listening, and where clients reach it. */

import { chmod } from 'node:fs/promises';
import { type ListenAddress, NbdServer } from '@zonelab/nbd';
import type { Config, Logger } from '@zonelab/platform';

/** Host and port in the URIs given to clients. */
export interface PublicAddress {
  readonly host: string;
  readonly port: number;
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
    const server = new NbdServer({
      onUnexpected: (err) => logger.error({ err }, 'fault in the NBD server'),
    });
    const bound = await server.listen({ host: config.bind, port: config.nbdPort });
    if (config.nbdSocket !== undefined) {
      await server.listen({ path: config.nbdSocket });
      await chmod(config.nbdSocket, SOCKET_MODE);
    }
    const address = { host: config.publicHost, port: portOf(bound) };
    return new NbdFrontend(server, address, config.nbdSocket ?? null);
  }
}

function portOf(address: ListenAddress): number {
  if ('port' in address) return address.port;
  throw new Error(`listening on ${address.path}, which has no port`);
}
