/** What is pasted to attach an export: NBD URI, QEMU's command line, libvirt's disk element, cloud-init's user-data. */

import type { Export, Image } from '@zonelab/contracts';

/** Where an NBD client finds the export. */
export type Place = { readonly host: string; readonly port: number } | { readonly socket: string };

export interface Attachable {
  readonly image: Image;
  readonly export: Export;
  readonly place: Place;
}

const DEFAULT_NBD_PORT = 10_809;

/** Of `nbd://host:port/name` and `nbd+unix:///name?socket=path`; undefined for one that asks for TLS. */
export function placeOf(uri: string): Place | undefined {
  const { protocol, hostname, port, searchParams } = new URL(uri);
  if (protocol === 'nbd+unix:') return { socket: searchParams.get('socket') ?? '' };
  if (protocol !== 'nbd:') return undefined;
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: port === '' ? DEFAULT_NBD_PORT : Number(port) };
}

/** Why QEMU cannot show the image to a guest with its zones; undefined where it can, or there are none. */
export function qemuObstacle({
  image,
  export: { readOnly, options },
}: Attachable): string | undefined {
  if (image.profile === null) return undefined;
  if (image.profile !== 'zns') return `its profile is ${image.profile}, QEMU emulates zns`;
  if (image.conventionalZones !== 0)
    return `it has ${image.conventionalZones} conventional zones, QEMU's ZNS drive has none`;
  if (readOnly) return 'it is exported read-only, QEMU needs to write';
  const { zeroes, trim, limits } = options;
  if (zeroes === 'reset' && trim === 'ignore' && limits === 'off') return undefined;
  return `its export has zeroes=${zeroes}, trim=${trim}, limits=${limits}; QEMU needs zeroes=reset, trim=ignore, limits=off`;
}

/** `reset`: the zones are reset first. The caller has looked for obstacles. */
export function qemuDocument(attachable: Attachable, reset: boolean): string {
  const { image, export: served } = attachable;
  const id = `zonelab-${serialOf(image)}`;
  const drive = `driver=nbd,${qemuServer(attachable.place)},export=${served.name},if=none,id=${id}`;
  if (image.profile === null) {
    const readOnly = served.readOnly ? ',readonly=on' : '';
    return lines(
      `# Disk ${served.name}. Add the options of the machine.`,
      'qemu-system-x86_64 \\',
      `  -drive ${drive},discard=unmap${readOnly} \\`,
      `  -device virtio-blk-pci,drive=${id},serial=${serialOf(image)}`,
    );
  }
  const block = image.logicalBlockSize;
  return lines(
    `# Disk ${served.name}, as a host-managed NVMe drive. Add the options of the machine.`,
    '# QEMU keeps no zone conditions: each time it starts, its drive shows all zones empty, whatever the disk holds.',
    '# Zones that were written must therefore be reset before it is started again.',
    ...(reset ? resetCommand(image) : []),
    'qemu-system-x86_64 \\',
    `  -drive ${drive},discard=unmap \\`,
    `  -device nvme,serial=${serialOf(image)},id=${id}-nvme \\`,
    `  -device nvme-ns,drive=${id},bus=${id}-nvme,zoned=true,zoned.zone_size=${image.zoneSize},` +
      `zoned.zone_capacity=${image.zoneCapacity},zoned.max_open=${image.maxOpenZones},` +
      `zoned.max_active=${image.maxActiveZones},logical_block_size=${block},physical_block_size=${block}`,
  );
}

/** With the variables that the command line of zonelab takes; QEMU starts only once the zones are empty. */
function resetCommand({ id }: Image): string[] {
  return [
    '# The zones in use are reset first; what they hold is lost.',
    `curl -fsS -X POST "$ZONELAB_URL/v1/images/${id}/zones/reset" -H "Authorization: Bearer $ZONELAB_TOKEN" &&`,
  ];
}

export function libvirtDocument({ image, export: served, place }: Attachable): string {
  const host =
    'socket' in place
      ? `<host transport='unix' socket='${escaped(place.socket)}'/>`
      : `<host name='${escaped(place.host)}' port='${place.port}'/>`;
  return lines(
    "<disk type='network' device='disk'>",
    "  <driver name='qemu' type='raw' discard='unmap'/>",
    `  <source protocol='nbd' name='${served.name}'>`,
    `    ${host}`,
    '  </source>',
    "  <target dev='vdb' bus='virtio'/>",
    `  <serial>${serialOf(image)}</serial>`,
    ...(served.readOnly ? ['  <readonly/>'] : []),
    '</disk>',
  );
}

/** A unit of systemd attaches it at every start, once there is a network. Only for a place with a host. */
export function cloudInitDocument(
  { export: { name, readOnly } }: Attachable,
  { host, port }: Extract<Place, { host: string }>,
): string {
  const unit = `zonelab-${name}.service`;
  const client = `nbd-client ${host} ${port} /dev/nbd0 -name ${name}${readOnly ? ' -readonly' : ''}`;
  return lines(
    '#cloud-config',
    `# Attaches ${name} as /dev/nbd0, now and at every start. The rules of its zones hold.`,
    'packages:',
    '  - nbd-client',
    'write_files:',
    `  - path: /etc/systemd/system/${unit}`,
    "    permissions: '0644'",
    '    content: |',
    '      [Unit]',
    `      Description=Disk ${name} over NBD`,
    '      Wants=network-online.target',
    '      After=network-online.target',
    '      [Service]',
    '      Type=oneshot',
    '      RemainAfterExit=yes',
    '      ExecStartPre=/bin/sh -c "modprobe nbd"',
    `      ExecStart=/bin/sh -c "exec ${client}"`,
    '      ExecStop=/bin/sh -c "exec nbd-client -d /dev/nbd0"',
    '      Restart=on-failure',
    '      RestartSec=5',
    '      [Install]',
    '      WantedBy=multi-user.target',
    'runcmd:',
    '  - [systemctl, daemon-reload]',
    `  - [systemctl, enable, --now, ${unit}]`,
  );
}

function qemuServer(place: Place): string {
  if ('socket' in place)
    return `server.type=unix,server.path=${place.socket.replaceAll(',', ',,')}`;
  return `server.type=inet,server.host=${place.host},server.port=${place.port}`;
}

/** NVMe has room for 20 characters; the end of a UUID is what differs. */
function serialOf({ id }: Image): string {
  return id.replaceAll('-', '').slice(-20);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&apos;',
};

function escaped(text: string): string {
  return text.replace(/[&<>']/g, (character) => ENTITIES[character] ?? character);
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
