import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { startApi, startGateway, type TestApi } from '../api.fixture.ts';

const ZNS = {
  size: '1G',
  profile: 'zns',
  zoneSize: '64M',
  zoneCapacity: '48M',
  maxOpenZones: 4,
  maxActiveZones: 6,
  logicalBlockSize: 4096,
};
const FOR_QEMU = { zeroes: 'reset', trim: 'ignore', limits: 'off' };

let api: TestApi;
let gateway: Awaited<ReturnType<typeof startGateway>>;
beforeAll(async () => {
  api = await startApi();
  gateway = await startGateway(api, 'attaching');
});
afterAll(async () => {
  await gateway?.stop();
  await api?.stop();
});

async function exported(name: string, image: object, more: object = {}) {
  const { id: imageId } = (await api.request('POST', '/v1/images', { name, ...image })).body;
  const { body } = await api.request('POST', '/v1/exports', { imageId, ...more });
  return { imageId, id: body.id as string, url: `/v1/exports/${body.id}/attach` };
}

it('gives the URI', async () => {
  const { url } = await exported('uri', { size: '16M' });
  expect(await api.request('GET', `${url}?format=nbd`)).toMatchObject({
    status: 200,
    type: 'text/plain; charset=utf-8',
    body: 'nbd://127.0.0.1:10809/uri\n',
  });
});

it("gives QEMU's arguments for a drive of exactly the image's geometry", async () => {
  const { url, imageId } = await exported('zoned', ZNS, { options: FOR_QEMU });
  const { body } = await api.request('GET', `${url}?format=qemu`);
  const serial = imageId.replaceAll('-', '').slice(-20);
  const shell = body.replace('qemu-system-x86_64', "printf '%s\\n'");
  expect(execFileSync('sh', ['-c', shell], { encoding: 'utf8' }).split('\n')).toEqual([
    '-drive',
    `driver=nbd,server.type=inet,server.host=127.0.0.1,server.port=10809,export=zoned,if=none,id=zonelab-${serial},discard=unmap`,
    '-device',
    `nvme,serial=${serial},id=zonelab-${serial}-nvme`,
    '-device',
    `nvme-ns,drive=zonelab-${serial},bus=zonelab-${serial}-nvme,zoned=true,zoned.zone_size=67108864,zoned.zone_capacity=50331648,zoned.max_open=4,zoned.max_active=6,logical_block_size=4096,physical_block_size=4096`,
    '',
  ]);
  expect(body).toContain('all zones empty');
});

it('gives QEMU a plain disk as a virtio drive', async () => {
  const { url } = await exported('plain', { size: '16M' }, { readOnly: true });
  const { body } = await api.request('GET', `${url}?format=qemu`);
  expect(body).toMatch(
    /-drive driver=nbd,.*,export=plain,.*,readonly=on \\\n {2}-device virtio-blk-pci,/,
  );
  expect(body).not.toContain('format=');
});

it('gives a used disk to QEMU only where its zones are reset first', async () => {
  const { url, imageId } = await exported('used', ZNS, { options: FOR_QEMU });
  await api.request('POST', `/v1/images/${imageId}/zones/5/finish`);
  expect(await api.request('GET', `${url}?format=qemu`)).toMatchObject({
    status: 409,
    body: { code: 'disk_used', context: { zoneIndex: 5 } },
  });
  const { status, body } = await api.request('GET', `${url}?format=qemu&fresh=true`);
  expect(status).toBe(200);
  expect(body).toMatch(new RegExp(`curl .*${imageId}/zones/reset.* &&\\nqemu-system-x86_64`));
});

it.each([
  [
    'zbc',
    { size: '1G', profile: 'zbc', zoneSize: '64M', conventionalZones: 2 },
    FOR_QEMU,
    /profile is zbc/,
  ],
  ['limits', ZNS, { ...FOR_QEMU, limits: 'on' }, /QEMU needs .*limits=off/],
])('refuses QEMU what would not work for it: %s', async (name, image, options, reason) => {
  const { url } = await exported(name, image, { options });
  expect(await api.request('GET', `${url}?format=qemu`)).toMatchObject({
    status: 409,
    body: { code: 'not_attachable', detail: expect.stringMatching(reason) },
  });
});

it('gives libvirt a disk element', async () => {
  const { url } = await exported('virt', { size: '16M' }, { readOnly: true });
  const { body, type } = await api.request('GET', `${url}?format=libvirt`);
  expect(type).toMatch('application/xml');
  const program = `import sys, json, xml.etree.ElementTree as e
d = e.fromstring(sys.argv[1]); s = d.find('source')
print(json.dumps([d.tag, d.attrib, s.attrib, s.find('host').attrib, d.find('readonly') is not None]))`;
  const shown = execFileSync('python3', ['-c', program, body], { encoding: 'utf8' });
  expect(JSON.parse(shown)).toEqual([
    'disk',
    { type: 'network', device: 'disk' },
    { protocol: 'nbd', name: 'virt' },
    { name: '127.0.0.1', port: '10809' },
    true,
  ]);
});

it('gives cloud-init a unit that attaches the disk at every start', async () => {
  const { url } = await exported('cloud', ZNS);
  const { body } = await api.request('GET', `${url}?format=cloud-init`);
  expect(body).toMatch(/^#cloud-config\n/);
  const { packages, write_files: files, runcmd } = parse(body);
  expect(packages).toEqual(['nbd-client']);
  expect(files).toMatchObject([{ path: '/etc/systemd/system/zonelab-cloud.service' }]);
  expect(files[0].content).toMatch(
    /^ExecStart=.*nbd-client 127.0.0.1 10809 \/dev\/nbd0 -name cloud"$/m,
  );
  expect(files[0].content).toMatch(/^WantedBy=multi-user.target$/m);
  expect(runcmd).toContainEqual(['systemctl', 'enable', '--now', 'zonelab-cloud.service']);
});

it('attaches no export that is not served', async () => {
  const { id, url } = await exported('leaving', { size: '16M' });
  await api.catalog.exports.beginDetach(id);
  expect(await api.request('GET', url)).toMatchObject({
    status: 409,
    body: { code: 'state_conflict' },
  });
});
