/** The NBD server of this process, listening, and where clients reach it. */

import { type ListenAddress, NbdServer } from '@zonelab/nbd';
import type { Config, Logger } from '@zonelab/platform';

/** Host and port in the URIs given to clients. */
export interface PublicAddress {
  readonly host: string;
  readonly port: number;
}

export class NbdFrontend {
  private constructor(
    readonly server: NbdServer,
    readonly address: PublicAddress,
  ) {}

  static async listen(config: Config, logger: Logger): Promise<NbdFrontend> {
    const server = new NbdServer({
      onUnexpected: (err) => logger.error({ err }, 'fault in the NBD server'),
    });
    const bound = await server.listen({ host: config.bind, port: config.nbdPort });
    return new NbdFrontend(server, { host: config.publicHost, port: portOf(bound) });
  }
}

function portOf(address: ListenAddress): number {
  if ('port' in address) return address.port;
  throw new Error(`listening on ${address.path}, which has no port`);
}
