/** `zonelab nbd`: serves one image until interrupted. */
import { once } from 'node:events';
import {
  formatNbdUri,
  type ListenAddress,
  loadServerCredentials,
  NbdServer,
  type TlsMode,
} from '@zonelab/nbd';
import { type FaultPlan, ZonedDevice } from '@zonelab/qcow2-zoned';
import { ZonedExport } from '@zonelab/zoned-export';
import { describeError } from '../errors.ts';
import { faultLines } from '../faults.ts';
import type { Output } from '../output.ts';
import type { ReadRules } from '../read-rules.ts';

export interface ServeOptions {
  readonly place: ListenAddress;
  /** Export name; the empty one is what clients ask for that name none. */
  readonly name: string;
  readonly readOnly: boolean;
  /** Bytes of writes that may wait ahead of a write pointer. */
  readonly reorder?: number | undefined;
  /** What is to go wrong. */
  readonly faults?: FaultPlan | undefined;
  readonly rules?: ReadRules | undefined;
  /** Permission bits of the socket. */
  readonly mode?: number | undefined;
  readonly tls?: TlsOptions | undefined;
  /** A client that asks for nothing so long is disconnected; never without it. */
  readonly idleSeconds?: number | undefined;
}

export interface TlsOptions {
  /** With `server-cert.pem`, `server-key.pem` and, where clients need certificates, `ca-cert.pem`; or `keys.psk`. */
  readonly directory: string;
  readonly mode: TlsMode;
  /** Names in certificates of clients that may connect; all that the authority signed without it. */
  readonly allow?: readonly string[] | undefined;
}

/** Prints the URI once clients can connect; returns after SIGINT or SIGTERM, the image closed cleanly. */
export async function serveImage(path: string, options: ServeOptions, out: Output): Promise<void> {
  const { name, place, mode, tls } = options;
  const credentials = tls && (await loadServerCredentials(tls.directory));
  const stop = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const device = await ZonedDevice.open(path, {
    readOnly: options.readOnly,
    faults: options.faults,
    ...options.rules,
  });
  try {
    const server = new NbdServer({
      defaultExport: name,
      credentials,
      idleTimeoutMs: (options.idleSeconds ?? 0) * 1000,
      onUnexpected: (error) => out.warn(`zonelab nbd: ${describeError(error)}\n`),
    });
    server.addExport(
      name,
      new ZonedExport(device, { description: path, reorder: options.reorder }),
      { allow: tls?.allow },
    );
    const bound = await server.listen(place, { mode, tls: tls?.mode });
    out.write(`${formatNbdUri({ ...bound, name, tls: tls?.mode === 'required' })}\n`);
    await stop;
    await server.close();
    out.warn(faultLines(device.faultStatus() ?? []));
  } finally {
    await device.close();
  }
}
