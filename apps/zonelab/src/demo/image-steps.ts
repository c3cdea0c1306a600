/** The demo's steps on a zoned image: made over REST, exported, and exercised by QEMU's and libnbd's own tools. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ApiClient, resultOf } from '@zonelab/client';
import type { Export, Image, Zone } from '@zonelab/contracts';
import { poll } from '../lab/poll.ts';
import { EXPORT_TIMEOUT_MS } from '../limits.ts';
import { humanSize } from '../numbers.ts';
import { EXPORTS, IMAGES, readAll, readZones } from '../rest/resources.ts';
import { runClient, runClientWell } from './clients.ts';
import { type Progress, verify } from './progress.ts';

export interface DemoContext {
  readonly api: ApiClient;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** For files that clients read and write; removed in the end. */
  readonly scratch: string;
}

const DEMO_LABELS = { purpose: 'zonelab-demo' };
const MIB = 1024 ** 2;
const ZONE_BYTES = 64 * MIB;
const CAPACITY_BYTES = 48 * MIB;
const DISK_BYTES = 1024 * MIB;
/** Real input: a file of this size goes through nbdcopy and comes back. */
const FILE_BYTES = 4 * MIB;
const FILE_ZONE = 0;
const FULL_ZONE = 1;
const PARTIAL_ZONE = 2;
const PARTIAL_BYTES = 3 * MIB;

const start = (zone: number) => zone * ZONE_BYTES;

export async function createImage({ api, progress }: DemoContext): Promise<Image> {
  return progress.step('create a zoned image over REST', async () => {
    await removeEarlierDemos(api);
    const body = {
      name: `demo-${randomBytes(4).toString('hex')}`,
      profile: 'zns',
      size: '1G',
      zoneSize: '64M',
      zoneCapacity: '48M',
      maxOpenZones: 4,
      maxActiveZones: 6,
      maxAppendSectors: 512,
      labels: DEMO_LABELS,
    } as const;
    const image = await resultOf(api.POST('/v1/images', { body }));
    verify(image.status === 'ready' && image.size === DISK_BYTES, 'the image is ready', image);
    const zones = await readZones(api, image.id);
    const fresh = zones.every(({ condition }) => condition === 'empty');
    verify(fresh && zones.length === DISK_BYTES / ZONE_BYTES, '16 zones, all empty', zones);
    return [`${image.name}, ${humanSize(image.size)}, ${zones.length} empty zones`, image];
  });
}

/** Exports the image and waits until a stock client sees it. */
export async function exportImage(
  { api, progress, signal }: DemoContext,
  image: Image,
): Promise<Export & { uri: string }> {
  return progress.step('export it and attach nbdinfo', async () => {
    const { id } = await resultOf(api.POST('/v1/exports', { body: { imageId: image.id } }));
    const active = async () => {
      const found = await EXPORTS.get(api, id);
      verify(found.status !== 'failed', 'the export becomes active', found.error);
      return found.status === 'active' ? found : undefined;
    };
    const made = await poll(active, {
      what: 'an active export',
      timeoutMs: EXPORT_TIMEOUT_MS,
      signal,
    });
    const { uri } = made;
    verify(uri !== null, 'an active export has a URI', made);
    const info = JSON.parse(await runClientWell('nbdinfo', ['--json', uri], signal));
    const size = info.exports?.[0]?.['export-size'];
    verify(size === DISK_BYTES, 'nbdinfo sees the size of the image', size);
    return [`${uri}, ${humanSize(size)}`, { ...made, uri }];
  });
}

/** A file through nbdcopy into a zone and back; then qemu-io at write pointers, one zone to its capacity. */
export async function writeThroughClients(context: DemoContext, uri: string): Promise<void> {
  const { progress, signal, scratch } = context;
  await progress.step('copy a file in and out with nbdcopy', async () => {
    const source = join(scratch, 'in');
    writeFileSync(source, readHead(process.execPath));
    // Requests one after the other: a zone takes writes in order only.
    const inOrder = ['--synchronous', '--connections=1', '--requests=1', '--flush'];
    await runClientWell('nbdcopy', [...inOrder, source, uri], signal);
    const copy = join(scratch, 'out');
    await runClientWell('nbdcopy', ['--destination-is-zero', uri, copy], signal);
    const [sent, back] = [source, copy].map((file) =>
      createHash('sha256').update(readHead(file)).digest('hex'),
    );
    verify(sent === back, 'what comes back is what went in', { sent, back });
    return [`${humanSize(FILE_BYTES)}, sha256 ${back?.slice(0, 16)}…`, undefined];
  });
  await progress.step('write at write pointers with qemu-io, and read back', async () => {
    const half = CAPACITY_BYTES / 2;
    const commands = [
      `write -P 0x5a ${start(FULL_ZONE)} ${half}`,
      `write -P 0xa5 ${start(FULL_ZONE) + half} ${half}`,
      `write -P 0x77 ${start(PARTIAL_ZONE)} ${PARTIAL_BYTES}`,
      'flush',
      `read -P 0x5a ${start(FULL_ZONE)} ${half}`,
      `read -P 0xa5 ${start(FULL_ZONE) + half} ${half}`,
      `read -P 0x77 ${start(PARTIAL_ZONE)} ${PARTIAL_BYTES}`,
      `read -P 0 ${start(PARTIAL_ZONE) + PARTIAL_BYTES} ${MIB}`,
    ];
    await runClientWell('qemu-io', qemuIo(uri, commands), signal);
    return [`${humanSize(CAPACITY_BYTES + PARTIAL_BYTES)} in two zones`, undefined];
  });
}

export async function verifyWritePointers(
  { api, progress }: DemoContext,
  image: Image,
): Promise<void> {
  await progress.step('read the write pointers over REST', async () => {
    const zones = await readZones(api, image.id);
    const expected = [
      [FILE_ZONE, 'implicit-open', start(FILE_ZONE) + FILE_BYTES],
      [FULL_ZONE, 'full', start(FULL_ZONE) + ZONE_BYTES],
      [PARTIAL_ZONE, 'implicit-open', start(PARTIAL_ZONE) + PARTIAL_BYTES],
    ] as const;
    for (const [index, condition, writePointer] of expected) {
      const zone = zones[index];
      const holds = zone?.condition === condition && zone.writePointer === writePointer;
      verify(holds, `zone ${index} is ${condition}, its write pointer ${writePointer}`, zone);
    }
    const others = zones.slice(expected.length);
    verify(
      others.every(({ condition }) => condition === 'empty'),
      'the rest is empty',
      others,
    );
    return [`${expected.length} zones as written, ${others.length} still empty`, undefined];
  });
}

/** A write away from the write pointer is refused and changes nothing. */
export async function refuseWrongPlace(
  { api, progress, signal }: DemoContext,
  image: Image,
  uri: string,
): Promise<void> {
  await progress.step('have a write at a wrong place refused', async () => {
    const before = await readZones(api, image.id);
    const wrong = `write -P 1 ${start(PARTIAL_ZONE) + 2 * PARTIAL_BYTES} 4k`;
    const { exitCode, stdout } = await runClient('qemu-io', qemuIo(uri, [wrong]), signal);
    verify(exitCode !== 0 && stdout.includes('write failed'), 'qemu-io reports a refusal', stdout);
    const after = await readZones(api, image.id);
    const same = JSON.stringify(after) === JSON.stringify(before);
    verify(same, 'no zone changed', after[PARTIAL_ZONE]);
    return [`${stdout.trim()}; no zone changed`, undefined];
  });
}

/** A reset over REST, seen by the client that is attached. */
export async function resetZone(
  { api, progress, signal }: DemoContext,
  image: Image,
  uri: string,
): Promise<void> {
  await progress.step('reset a zone over REST while it is exported', async () => {
    const path = { id: image.id, index: PARTIAL_ZONE, action: 'reset' } as const;
    await resultOf(api.POST('/v1/images/{id}/zones/{index}/{action}', { params: { path } }));
    const zone = (await readZones(api, image.id))[PARTIAL_ZONE];
    const holds = zone?.condition === 'empty' && zone.writePointer === zone.start;
    verify(holds, `zone ${PARTIAL_ZONE} is empty`, zone);
    const commands = [
      `read -P 0 ${start(PARTIAL_ZONE)} ${PARTIAL_BYTES}`,
      `write -P 0x42 ${start(PARTIAL_ZONE)} 1M`,
      `read -P 0x42 ${start(PARTIAL_ZONE)} 1M`,
    ];
    await runClientWell('qemu-io', qemuIo(uri, commands), signal);
    return [`zone ${PARTIAL_ZONE} reads as zeroes and was written again`, undefined];
  });
}

/** Ends the export; the zones keep what they hold, open ones closed. Answers the zones at rest. */
export async function endExport(
  { api, progress, signal }: DemoContext,
  image: Image,
  exportId: string,
): Promise<Zone[]> {
  return progress.step('end the export; the zones stay as they are', async () => {
    await EXPORTS.remove(api, exportId);
    const closed = async () => {
      const zones = await readZones(api, image.id);
      return zones[FILE_ZONE]?.condition === 'closed' ? zones : undefined;
    };
    const zones = await poll(closed, {
      what: 'the image at rest',
      timeoutMs: EXPORT_TIMEOUT_MS,
      signal,
    });
    const pointers = zones.slice(0, 3).map(({ writePointer }) => writePointer);
    const expected = [FILE_BYTES, start(FULL_ZONE) + ZONE_BYTES, start(PARTIAL_ZONE) + MIB];
    verify(`${pointers}` === `${expected}`, `write pointers ${expected}`, pointers);
    return ['open zones are closed, write pointers kept', zones];
  });
}

/** The first FILE_BYTES of a file that has at least so many. */
function readHead(file: string): Buffer {
  const head = Buffer.alloc(FILE_BYTES);
  const fd = openSync(file, 'r');
  try {
    const count = readSync(fd, head, 0, FILE_BYTES, 0);
    verify(count === FILE_BYTES, `${file} holds ${FILE_BYTES} bytes`, count);
  } finally {
    closeSync(fd);
  }
  return head;
}

/** Images of demos that ran before, with what an interrupted one left exported. */
async function removeEarlierDemos(api: ApiClient): Promise<void> {
  const images = await readAll(api, IMAGES);
  const earlier = images.filter(({ labels }) => labels.purpose === DEMO_LABELS.purpose);
  if (earlier.length === 0) return;
  const exports = await readAll(api, EXPORTS);
  for (const { id } of earlier) {
    for (const left of exports.filter(({ imageId }) => imageId === id)) {
      await EXPORTS.remove(api, left.id);
    }
    await IMAGES.remove(api, id);
  }
}

function qemuIo(uri: string, commands: readonly string[]): string[] {
  return ['-f', 'raw', uri, ...commands.flatMap((command) => ['-c', command])];
}
