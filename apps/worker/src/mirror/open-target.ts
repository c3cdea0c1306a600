/** The image that carries a run out, opened in the simulation thread. */
import { NbdClient } from '@zonelab/nbd';
import { ZonedDevice } from '@zonelab/qcow2-zoned';
import type { MirrorTarget } from '@zonelab/zone-workload';
import { MAX_NBD_WRITE_BYTES } from '../limits.ts';
import type { AskGateway, ExportTarget, FileTarget, TargetInput } from './target.ts';

export interface OpenedTarget extends MirrorTarget {
  close(): Promise<void>;
}

export function openTarget(input: TargetInput, ask: AskGateway): Promise<OpenedTarget> {
  return input.kind === 'file' ? openFile(input) : openExport(input, ask);
}

async function openFile({
  path,
  allowedDirectories,
  heldUntil,
  reset,
}: FileTarget): Promise<OpenedTarget> {
  const until = new Float64Array(heldUntil);
  const guard = () => {
    const [monotonic = 0, wall = 0] = until;
    if (monotonicMs() < monotonic && Date.now() < wall) return;
    throw new Error(`${path}: the lease is lost`);
  };
  const device = await ZonedDevice.open(path, {
    guard,
    allowedDirectories: [...allowedDirectories],
  });
  if (reset) await device.manageAll('reset');
  return device;
}

/** Never goes back, and is the same in every thread of a process, which `performance.now` is not. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

async function openExport(
  { uri, geometry, reset }: ExportTarget,
  ask: AskGateway,
): Promise<OpenedTarget> {
  const client = await NbdClient.connect(uri);
  try {
    if (reset) await ask({ name: 'manage', action: 'reset' });
    const zones = await readZones(ask);
    return new RemoteTarget(client, geometry, ask, zones);
  } catch (error) {
    await client.disconnect();
    throw error;
  }
}

type ZoneState = ReturnType<MirrorTarget['zone']>;

async function readZones(ask: AskGateway): Promise<ZoneState[]> {
  const zones: ZoneState[] = [];
  for (let from: number | null = 0; from !== null; ) {
    const page = await ask({ name: 'report', from });
    zones.push(...(page?.items ?? []));
    from = page?.next ?? null;
  }
  return zones;
}

/** NBD knows no append: it becomes a write at the write pointer. */
class RemoteTarget implements OpenedTarget {
  private readonly written: Float64Array;

  constructor(
    private readonly client: NbdClient,
    readonly geometry: ExportTarget['geometry'],
    private readonly ask: AskGateway,
    private zones: readonly ZoneState[],
  ) {
    this.written = new Float64Array(geometry.zoneCount);
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    for (let at = 0; at < target.length; at += MAX_NBD_WRITE_BYTES) {
      const length = Math.min(MAX_NBD_WRITE_BYTES, target.length - at);
      target.set(await this.client.read(offset + at, length), at);
    }
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length; at += MAX_NBD_WRITE_BYTES) {
      const part = data.subarray(at, at + MAX_NBD_WRITE_BYTES);
      await this.client.write(
        offset + at,
        Buffer.from(part.buffer, part.byteOffset, part.byteLength),
      );
    }
    const zone = Math.floor(offset / this.geometry.zoneSize);
    this.written[zone] = (this.written[zone] as number) + data.length;
  }

  async append(zoneStart: number, data: Uint8Array): Promise<number> {
    const offset = zoneStart + (this.written[zoneStart / this.geometry.zoneSize] as number);
    await this.write(offset, data);
    return offset;
  }

  async manage(...[action, zoneIndex]: Parameters<MirrorTarget['manage']>): Promise<void> {
    await this.ask({ name: 'manage', action, zoneIndex });
    if (action === 'reset') this.written[zoneIndex] = 0;
  }

  async flush(): Promise<void> {
    await this.client.flush();
    this.zones = await readZones(this.ask);
  }

  /** As the gateway told at the start, or at the last flush. */
  zone(index: number): ZoneState {
    const zone = this.zones[index];
    if (!zone) throw new Error(`the gateway tells of ${this.zones.length} zones, not of ${index}`);
    return zone;
  }

  close(): Promise<void> {
    return this.client.disconnect();
  }
}
