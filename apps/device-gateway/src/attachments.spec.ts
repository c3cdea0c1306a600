import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AttachPayload } from '@zonelab/contracts';
import { NbdClient, NbdServer } from '@zonelab/nbd';
import { imageFolder, imagePath, type Pool } from '@zonelab/platform';
import { type CreateOptions, createImage, ZonedDevice } from '@zonelab/qcow2-zoned';
import { Attachments, type TakeLease } from './attachments.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

let folder: string;
let server: NbdServer;
let attachments: Attachments;
let pools: Pool[];
/** Leases that were taken and not given back: the way to lose each. */
let leases: Map<string, () => void>;

const takeLease: TakeLease = async (imageId, onLost) => {
  if (leases.has(imageId)) throw new Error(`image ${imageId}: leased`);
  let lost = false;
  leases.set(imageId, () => {
    lost = true;
    onLost();
  });
  return {
    assertHeld: () => {
      if (lost) throw new Error('the lease is lost');
    },
    release: async () => {
      leases.delete(imageId);
    },
  };
};

async function create(imageId: string, options: CreateOptions): Promise<void> {
  await mkdir(imageFolder(pools, 'pool', imageId));
  await createImage(imagePath(pools, 'pool', imageId), options);
}

function open(imageId: string): Promise<ZonedDevice> {
  return ZonedDevice.open(imagePath(pools, 'pool', imageId));
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-'));
  server = new NbdServer();
  const bound = await server.listen({ host: '127.0.0.1', port: 0 });
  const address = { host: '127.0.0.1', port: 'port' in bound ? bound.port : 0, tls: false };
  pools = [{ name: 'pool', path: folder }];
  leases = new Map();
  attachments = new Attachments(server, address, pools, takeLease);
  await create('i-a', { size: 16 * MIB, zoned: { zoneSize: 4 * MIB, maxActiveZones: 1 } });
  await create('i-b', { size: 16 * MIB });
});

afterEach(async () => {
  await attachments.close();
  await server.close();
  await rm(folder, { recursive: true });
});

/** Export `e-<image>` of image `i-<image>`, writable, under the name of the image. */
function payload(image: 'a' | 'b', over: Partial<AttachPayload> = {}): AttachPayload {
  return {
    exportId: `e-${image}`,
    imageId: `i-${image}`,
    name: image,
    pool: 'pool',
    readOnly: false,
    options: { zeroes: 'write', trim: 'reset', limits: 'on' },
    ...over,
  };
}

async function using<T>(uri: string, talk: (client: NbdClient) => Promise<T>): Promise<T> {
  const client = await NbdClient.connect(uri);
  try {
    return await talk(client);
  } finally {
    await client.disconnect();
  }
}

describe('attaching', () => {
  it('serves the image at the URI that it answers', async () => {
    const uri = await attachments.attach(payload('a'));
    await using(uri, async (client) => {
      await client.write(0, Buffer.alloc(4 * KIB, 1));
      expect((await client.read(0, 4 * KIB))[0]).toBe(1);
    });
  });

  it('twice is one export', async () => {
    const first = await attachments.attach(payload('a'));
    expect(await attachments.attach(payload('a'))).toBe(first);
    await attachments.detach('e-a');
    await expect(NbdClient.connect(first)).rejects.toMatchObject({ code: 'option_refused' });
  });

  it('serves other images while one waits for its lease, and keeps its name for it', async () => {
    let lend = (): void => undefined;
    const lent = new Promise<void>((resolve) => {
      lend = resolve;
    });
    const slow: TakeLease = async (imageId, onLost) => {
      if (imageId === 'i-a') await lent;
      return takeLease(imageId, onLost);
    };
    const nowhere = { host: '127.0.0.1', port: 1, tls: false };
    const patient = new Attachments(server, nowhere, pools, slow);
    const waiting = patient.attach(payload('a'));
    await patient.attach(payload('b'));
    const taken = patient.attach(payload('b', { exportId: 'e-c', name: 'a' }));
    await expect(taken).rejects.toMatchObject({ code: 'export_name_taken' });
    lend();
    await waiting;
    await patient.close();
  });

  it('refuses a name that another export has, and leaves that one alone', async () => {
    const uri = await attachments.attach(payload('a'));
    const attach = attachments.attach(payload('b', { name: 'a' }));
    await expect(attach).rejects.toMatchObject({ code: 'export_name_taken' });
    await using(uri, (client) => client.read(0, 512));
  });

  it('refuses a file that is not there, and can do better the next time', async () => {
    const attach = attachments.attach(payload('a', { imageId: 'none' }));
    await expect(attach).rejects.toMatchObject({ code: 'file_not_found' });
    await attachments.attach(payload('a'));
  });

  it('lets readers see what the writer of the same image writes', async () => {
    const writer = await attachments.attach(payload('a'));
    const reader = await attachments.attach(
      payload('a', { exportId: 'r', name: 'r', readOnly: true }),
    );
    await using(writer, (client) => client.write(0, Buffer.alloc(512, 7)));
    await using(reader, async (client) => {
      expect((await client.read(0, 512))[0]).toBe(7);
      await expect(client.write(512, Buffer.alloc(512))).rejects.toMatchObject({ code: 'EPERM' });
    });
  });

  it('refuses a writer while the image is open for reading', async () => {
    await attachments.attach(payload('a', { readOnly: true }));
    const attach = attachments.attach(payload('a', { exportId: 'w', name: 'w' }));
    await expect(attach).rejects.toMatchObject({ code: 'image_in_use' });
  });

  it.each([
    ['on', 'EIO'],
    ['off', undefined],
  ] as const)('with limits %s leaves them to the device or to the client', async (limits, code) => {
    const options = { zeroes: 'write', trim: 'reset', limits } as const;
    const uri = await attachments.attach(payload('a', { options }));
    const failure = await using(uri, async (client) => {
      await client.write(0, Buffer.alloc(512));
      return client.write(4 * MIB, Buffer.alloc(512)).catch((error: unknown) => error);
    });
    expect(Reflect.get(failure ?? {}, 'code')).toBe(code);
  });
});

describe('detaching', () => {
  it('keeps what was written, with the image closed cleanly', async () => {
    const uri = await attachments.attach(payload('a'));
    await using(uri, (client) => client.write(0, Buffer.alloc(4 * KIB, 9)));
    await attachments.detach('e-a');
    const device = await open('i-a');
    expect(device.zone(0).writePointer).toBe(4 * KIB);
    await device.close();
  });

  it('keeps the image open for its other exports', async () => {
    await attachments.attach(payload('a'));
    const reader = await attachments.attach(
      payload('a', { exportId: 'r', name: 'r', readOnly: true }),
    );
    await attachments.detach('e-a');
    await using(reader, (client) => client.read(0, 512));
    await attachments.detach('r');
    await expect(attachments.report({ imageId: 'i-a', from: 0, count: 1 })).rejects.toMatchObject({
      code: 'not_attached',
    });
  });

  it('twice, or of what was never there, is none', async () => {
    await attachments.attach(payload('a'));
    await attachments.detach('e-a');
    await attachments.detach('e-a');
    await attachments.detach('elsewhere');
  });

  it('waits for the attaching before it', async () => {
    const attached = attachments.attach(payload('a'));
    await attachments.detach('e-a');
    await expect(NbdClient.connect(await attached)).rejects.toMatchObject({
      code: 'option_refused',
    });
  });
});

describe('changing an export under its clients', () => {
  const block = Buffer.alloc(4 * KIB, 1);

  it('to read-only refuses the next write, and to writable takes it, on the same connection', async () => {
    const uri = await attachments.attach(payload('a'));
    await using(uri, async (client) => {
      await client.write(0, block);
      await attachments.update({ exportId: 'e-a', readOnly: true });
      await expect(client.write(4 * KIB, block)).rejects.toMatchObject({ code: 'EPERM' });
      expect((await client.read(0, 512))[0]).toBe(1);
      await attachments.update({ exportId: 'e-a', readOnly: false });
      await client.write(4 * KIB, block);
    });
  });

  it('to writable opens an image anew that was open for reading', async () => {
    const uri = await attachments.attach(payload('a', { readOnly: true }));
    await attachments.update({ exportId: 'e-a', readOnly: false });
    await using(uri, (client) => client.write(0, block));
  });

  it('to writable is refused while other exports read the image, and changes nothing', async () => {
    const uri = await attachments.attach(payload('a', { readOnly: true }));
    const other = { exportId: 'e-other', name: 'other', readOnly: true };
    await attachments.attach(payload('a', other));
    await expect(attachments.update({ exportId: 'e-a', readOnly: false })).rejects.toMatchObject({
      code: 'image_in_use',
    });
    await using(uri, (client) => client.read(0, 512));
  });

  it('to other rates holds from the next request on, and lets go again', async () => {
    const uri = await attachments.attach(payload('b'));
    await using(uri, async (client) => {
      await attachments.update({ exportId: 'e-b', rates: { iops: 1 } });
      // the first uses the rate up, the second waits for a second
      await client.read(0, 512);
      const second = client.read(0, 512);
      await attachments.update({ exportId: 'e-b', rates: {} });
      await second;
    });
  });

  it('that is not attached is refused', async () => {
    await expect(attachments.update({ exportId: 'e-x' })).rejects.toMatchObject({
      code: 'not_attached',
    });
  });
});

describe('zones of a live image', () => {
  it('are managed without its clients noticing more than the effect', async () => {
    const uri = await attachments.attach(payload('a'));
    await using(uri, async (client) => {
      await client.write(0, Buffer.alloc(4 * KIB, 1));
      const finished = await attachments.manage({ imageId: 'i-a', action: 'finish', zoneIndex: 0 });
      expect(finished).toMatchObject({ index: 0, condition: 'full' });
      await expect(client.write(4 * KIB, Buffer.alloc(512))).rejects.toMatchObject({
        code: 'ENOSPC',
      });
      expect(await attachments.manage({ imageId: 'i-a', action: 'reset' })).toBeNull();
      await client.write(0, Buffer.alloc(512));
    });
  });

  it('are reported in pages', async () => {
    await attachments.attach(payload('a'));
    const first = await attachments.report({ imageId: 'i-a', from: 0, count: 3 });
    expect(first.items.map((zone) => zone.index)).toEqual([0, 1, 2]);
    expect(first.next).toBe(3);
    const rest = await attachments.report({ imageId: 'i-a', from: 3, count: 3 });
    expect(rest).toMatchObject({ items: [{ index: 3 }], next: null });
  });

  it('are found by condition', async () => {
    await attachments.attach(payload('a'));
    await attachments.manage({ imageId: 'i-a', action: 'finish', zoneIndex: 2 });
    const full = await attachments.report({ imageId: 'i-a', from: 0, count: 1, state: 'full' });
    expect(full).toMatchObject({ items: [{ index: 2 }], next: 3 });
    const offline = await attachments.report({
      imageId: 'i-a',
      from: 0,
      count: 9,
      state: 'offline',
    });
    expect(offline).toEqual({ items: [], next: null });
  });

  it('are counted by condition, of images that are attached', async () => {
    await attachments.attach(payload('a'));
    const empty = { imageId: 'i-a', conditions: { empty: 4 }, firstUsed: null };
    expect(await attachments.countZones(['i-a', 'i-b'])).toEqual([empty]);
    await attachments.manage({ imageId: 'i-a', action: 'finish', zoneIndex: 2 });
    const used = { imageId: 'i-a', conditions: { empty: 3, full: 1 }, firstUsed: 2 };
    expect(await attachments.countZones(['i-a'])).toEqual([used]);
  });

  it('are refused on a plain disk', async () => {
    await attachments.attach(payload('b'));
    const manage = attachments.manage({ imageId: 'i-b', action: 'reset', zoneIndex: 0 });
    await expect(manage).rejects.toMatchObject({ code: 'invalid_zone_operation' });
  });
});

describe('the size of a live image', () => {
  it('grows under its clients: those that connect again see it', async () => {
    const uri = await attachments.attach(payload('a'));
    await using(uri, async (client) => {
      await client.write(0, Buffer.alloc(4 * KIB, 1));
      const writing = client.write(4 * KIB, Buffer.alloc(MIB, 2));
      await attachments.resize({ imageId: 'i-a', size: 32 * MIB });
      await writing;
      expect(client.info.size).toBe(16 * MIB);
      await using(uri, async (next) => {
        expect(next.info.size).toBe(32 * MIB);
        await attachments.manage({ imageId: 'i-a', action: 'finish', zoneIndex: 0 });
        await next.write(28 * MIB, Buffer.alloc(4 * KIB, 3));
        expect((await client.read(4 * KIB, 512))[0]).toBe(2);
      });
    });
  });

  it('shrinks where nothing was written, and refuses what lies beyond to clients of before', async () => {
    const uri = await attachments.attach(payload('a'));
    await using(uri, async (client) => {
      await attachments.resize({ imageId: 'i-a', size: 8 * MIB });
      await expect(client.read(8 * MIB, 512)).rejects.toMatchObject({ code: 'EINVAL' });
      await expect(client.write(8 * MIB, Buffer.alloc(512))).rejects.toMatchObject({
        code: 'ENOSPC',
      });
      await client.write(4 * MIB, Buffer.alloc(512));
      const cut = attachments.resize({ imageId: 'i-a', size: 4 * MIB });
      await expect(cut).rejects.toMatchObject({ code: 'invalid_zone_operation' });
      await client.write(4 * MIB + 512, Buffer.alloc(512));
    });
  });

  it('of an image that is not served is not changed', async () => {
    const resize = attachments.resize({ imageId: 'i-b', size: 8 * MIB });
    await expect(resize).rejects.toMatchObject({ code: 'not_attached' });
  });
});

describe('the lease of an image', () => {
  it('is held while a writable export stands, and not for readers', async () => {
    await attachments.attach(payload('a', { readOnly: true }));
    await attachments.attach(payload('b'));
    expect([...leases.keys()]).toEqual(['i-b']);
    await attachments.detach('e-b');
    expect([...leases.keys()]).toEqual([]);
  });

  it('is given back where the image cannot be opened', async () => {
    await expect(attachments.attach(payload('a', { imageId: 'none' }))).rejects.toThrow();
    expect([...leases.keys()]).toEqual([]);
  });

  it('ends the exports of the image when it is lost, writes nothing more, and lets the next owner in', async () => {
    const ended = new Promise<readonly AttachPayload[]>((resolve) => {
      attachments.onLost = resolve;
    });
    const client = await NbdClient.connect(await attachments.attach(payload('a')));
    await client.write(0, Buffer.alloc(512, 1));
    await client.flush();
    await client.write(512, Buffer.alloc(512, 2));
    leases.get('i-a')?.();
    await expect(client.write(1024, Buffer.alloc(512, 3))).rejects.toThrow();
    expect((await ended).map(({ exportId }) => exportId)).toEqual(['e-a']);
    const next = await open('i-a');
    expect(next.zone(0).writePointer).toBeGreaterThanOrEqual(512);
    expect(next.zone(0).writePointer).toBeLessThanOrEqual(1024);
    await next.close();
  });
});

describe('closing', () => {
  it('ends every export and closes every image', async () => {
    await attachments.attach(payload('a'));
    await attachments.attach(payload('a', { exportId: 'r', name: 'r', readOnly: true }));
    await attachments.attach(payload('b'));
    await attachments.close();
    await (await open('i-a')).close();
    await (await open('i-b')).close();
  });

  it('refuses what comes afterwards', async () => {
    await attachments.close();
    await expect(attachments.attach(payload('a'))).rejects.toMatchObject({ code: 'shutting_down' });
  });
});

describe('following', () => {
  it('tells each follower which zones changed while clients write', async () => {
    const uri = await attachments.attach(payload('a'));
    const changes = async (follower: string) =>
      (await attachments.changes({ imageId: 'i-a', follower })).items?.map(
        ({ index, writePointer }) => [index, writePointer],
      );
    expect(await changes('one')).toBeUndefined();
    await using(uri, (client) => client.write(0, Buffer.alloc(4 * KIB, 1)));
    expect(await changes('one')).toEqual([[0, 4 * KIB]]);
    expect([await changes('one'), await changes('other')]).toEqual([[], undefined]);
  });

  it('counts what clients asked of an export', async () => {
    const uri = await attachments.attach(payload('a'));
    await using(uri, (client) => client.write(0, Buffer.alloc(4 * KIB, 1)));
    expect(await attachments.stats('e-a')).toMatchObject({
      ...{ requests: 1, errors: 0, readBytes: 0, writtenBytes: 4 * KIB },
      latencies: { write: { total: 1 }, read: { total: 0 } },
    });
    await expect(attachments.stats('e-b')).rejects.toMatchObject({ code: 'not_attached' });
  });
});
