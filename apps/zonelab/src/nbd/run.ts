/** `zonelab nbd`: serves one image until interrupted. */
import { once } from 'node:events';
import { formatNbdUri, type ListenAddress, NbdServer } from '@zonelab/nbd';
import { type FaultPlan, ZonedDevice } from '@zonelab/qcow2-zoned';
import { ZonedExport } from '@zonelab/zoned-export';
import { describeError } from '../errors.ts';
import { faultLines } from '../faults.ts';
import type { Output } from '../output.ts';

export interface ServeOptions {
  readonly place: ListenAddress;
  /** Export name; the empty one is what clients ask for that name none. */
  readonly name: string;
  readonly readOnly: boolean;
  /** What is to go wrong. */
  readonly faults?: FaultPlan | undefined;
}

/** Prints the URI once clients can connect; returns after SIGINT or SIGTERM, the image closed cleanly. */
export async function serveImage(path: string, options: ServeOptions, out: Output): Promise<void> {
  const stop = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const device = await ZonedDevice.open(path, {
    readOnly: options.readOnly,
    faults: options.faults,
  });
  try {
    const server = new NbdServer({
      defaultExport: options.name,
      onUnexpected: (error) => out.warn(`zonelab nbd: ${describeError(error)}\n`),
    });
    server.addExport(options.name, new ZonedExport(device, { description: path }));
    const bound = await server.listen(options.place);
    out.write(`${formatNbdUri({ ...bound, name: options.name })}\n`);
    await stop;
    await server.close();
    out.warn(faultLines(device.faultStatus() ?? []));
  } finally {
    await device.close();
  }
}
