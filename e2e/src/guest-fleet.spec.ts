/** Machines of a fleet: Linux guests that attach their disks as the API's documents say. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Fleet, FleetDisk } from '@zonelab/contracts';
import { NbdClient } from '@zonelab/nbd';
import { waitUntil } from '@zonelab/testing';
import { parse } from 'yaml';
import { Guest } from './guest.fixture.ts';
import { TestLab } from './lab.fixture.ts';

const MIB = 1024 * 1024;
/** This machine, as QEMU's own network shows it to a guest. */
const HOST = '10.0.2.2';
const NETWORK = `ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0`;
const ZONES = { size: '64M', profile: 'zns', zoneSize: '16M', logicalBlockSize: 4096 };

/** Those that were started, also where the test fails before they are up. */
const guests: Promise<Guest>[] = [];
afterEach(async () => {
  for (const booted of await Promise.allSettled(guests.splice(0)))
    if (booted.status === 'fulfilled') booted.value.discard();
});

async function makeFleet(lab: TestLab, body: object): Promise<Fleet> {
  const { status, body: made } = await lab.rest<Fleet>('POST', '/v1/fleets', body);
  if (status !== 202) throw new Error(`fleet: ${status} ${JSON.stringify(made)}`);
  return waitUntil('the fleet is ready', async () => {
    const { body: fleet } = await lab.rest<Fleet>('GET', `/v1/fleets/${made.id}`);
    return fleet.status === 'ready' && fleet;
  });
}

async function disksOf(lab: TestLab, { id }: Fleet): Promise<FleetDisk[]> {
  const { body } = await lab.rest<{ items: FleetDisk[] }>('GET', `/v1/fleets/${id}/disks`);
  return body.items;
}

function boot(...options: Parameters<typeof Guest.boot>): Promise<Guest> {
  const guest = Guest.boot(...options);
  guests.push(guest);
  return guest;
}

describe('over the network', () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await TestLab.start(undefined, { ZONELAB_PUBLIC_HOST: HOST });
  });
  afterAll(() => lab?.discard());

  it("attaches a disk by cloud-init's unit, again after a reboot, and finds what it wrote", async () => {
    const fleet = await makeFleet(lab, { name: 'net', count: 1, template: ZONES });
    const path = `/v1/fleets/${fleet.id}/disks/0/attach?format=cloud-init`;
    const [file] = parse(await lab.document(path)).write_files;
    const commands = [...file.content.matchAll(/^Exec(?:StartPre|Start)=(.*)$/gm)];
    const unit = commands.map(([, command]) => command).join('\n');
    const start = async () => {
      const guest = await boot({ modules: ['virtio_pci', 'virtio_net'], programs: ['nbd-client'] });
      await guest.run(`${NETWORK}\nset -e\n${unit}`);
      expect(await guest.run('cat /sys/block/nbd0/size')).toBe(`${(64 * MIB) / 512}\n`);
      return guest;
    };
    const first = await start();
    await first.run('yes fleet1 | head -c 65536 >/tmp/a');
    const write = 'dd if=/tmp/a of=/dev/nbd0 bs=65536 oflag=direct conv=notrunc,fsync';
    await first.run(write);
    // the rules of the zones hold: not at the write pointer
    await expect(first.run(`${write} seek=7`)).rejects.toThrow(/error|Input/i);
    await first.run('nbd-client -d /dev/nbd0');
    await first.powerOff();
    const second = await start();
    const read = await second.run('dd if=/dev/nbd0 bs=65536 count=1 2>/dev/null | head -n 2');
    expect(read).toBe('fleet1\nfleet1\n');
    const [disk] = await disksOf(lab, fleet);
    expect(disk).toMatchObject({ zones: { empty: 3, 'implicit-open': 1 } });
    await second.powerOff();
  });
});

describe('three at once', () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await TestLab.start();
  });
  afterAll(() => lab?.discard());

  it('gives each its own zoned drive, and shows who is there', async () => {
    const fleet = await makeFleet(lab, {
      name: 'trio',
      count: 3,
      template: ZONES,
      export: { options: { zeroes: 'reset', trim: 'ignore', limits: 'off' } },
    });
    const { body } = await lab.rest<{ items: { content: string }[] }>(
      'GET',
      `/v1/fleets/${fleet.id}/attach?format=qemu`,
    );
    const attached = body.items.map(({ content }) => boot({ attach: content, modules: ['nvme'] }));
    const running = await Promise.all(attached);
    const models = running.map((guest) => guest.run('cat /sys/block/nvme0n1/queue/zoned'));
    expect(await Promise.all(models)).toEqual(Array(3).fill('host-managed\n'));
    await Promise.all(
      running.map((guest, index) =>
        guest.run(
          `yes guest-${index} | head -c 65536 >/tmp/a; dd if=/tmp/a of=/dev/nvme0n1 bs=65536 seek=${index * 256} oflag=direct conv=notrunc`,
        ),
      ),
    );
    const seen = await waitUntil('all are seen', async () => {
      const disks = await disksOf(lab, fleet);
      return disks.every(({ machine }) => machine?.writtenBytes === 65536) && disks;
    });
    for (const { machine, zones } of seen) {
      expect(machine).toMatchObject({ connections: 1, firstSeenAt: expect.any(String) });
      expect(zones).toEqual({ empty: 3, 'implicit-open': 1 });
    }
    await Promise.all(running.map((guest) => guest.powerOff()));
    for (const [index, { uri }] of seen.entries()) {
      const client = await NbdClient.connect(uri ?? '');
      const text = (await client.read(index * 16 * MIB, 4096)).toString().slice(0, 16);
      expect(text).toBe(`guest-${index}\nguest-${index}\n`);
      await client.disconnect();
    }
    // a used disk: QEMU would take its zones for empty ones
    const again = await lab.rest('GET', `/v1/fleets/${fleet.id}/disks/0/attach?format=qemu`);
    expect(again).toMatchObject({ status: 409, body: { code: 'disk_used' } });
  });
});
