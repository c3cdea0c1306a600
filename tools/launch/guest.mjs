// What the guests of the end-to-end tests boot: Debian's kernel and the few modules of it that they load, in
// .zonelab/guest. Nothing of it is installed on this machine.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureTools, fetchLists, GUEST_TOOLS } from './debian.mjs';
import { capture, hasCommand, root, runQuietly, SetupError, say } from './process.mjs';

const KERNEL_PACKAGE = 'linux-image-amd64';
const MODULES = ['nvme', 'nbd', 'virtio_pci', 'virtio_net', 'zonefs'];

const guest = join(root, '.zonelab/guest');

/** Has all that guests need, or throws SetupError naming the packages. */
export function ensureGuests() {
  const missing = `guests cannot boot without the Debian packages ${[KERNEL_PACKAGE, ...GUEST_TOOLS].join(' ')}`;
  const otherwise = 'zonelab test --without-guests leaves their tests out';
  try {
    ensureTools(GUEST_TOOLS);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new SetupError(`${missing}: ${error.message}; ${otherwise}`);
  }
  if (existsSync(join(guest, 'vmlinuz'))) return;
  say(`fetching the guests' kernel: ${KERNEL_PACKAGE}`);
  if (!fetchKernel())
    throw new SetupError(`${missing}: ${KERNEL_PACKAGE} cannot be had; ${otherwise}`);
}

/** With the lists of packages that this machine has, else with new ones. */
function fetchKernel() {
  if (!hasCommand('apt-get')) return false;
  if (unpackKernel([])) return true;
  const apt = fetchLists();
  return apt !== undefined && unpackKernel(apt);
}

/** The folder appears whole or not at all. */
function unpackKernel(apt) {
  const staging = `${guest}.new`;
  const unpacked = join(staging, 'unpacked');
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(unpacked, { recursive: true });
  const depends = capture('apt-cache', [...apt, 'depends', KERNEL_PACKAGE]) ?? '';
  const name = /^ *Depends: (linux-image-\S+)$/m.exec(depends)?.[1];
  if (name === undefined) return false;
  if (!runQuietly('apt-get', [...apt, 'download', '-q', name], { cwd: staging })) return false;
  const file = readdirSync(staging).find((entry) => entry.endsWith('.deb'));
  if (!runQuietly('dpkg-deb', ['-x', join(staging, file), unpacked])) return false;
  keepWhatBoots(unpacked, staging);
  rmSync(unpacked, { recursive: true });
  rmSync(join(staging, file));
  rmSync(guest, { recursive: true, force: true });
  renameSync(staging, guest);
  return true;
}

/** The kernel as `vmlinuz`, and below lib/modules the modules with those that they need, as modprobe wants them. */
function keepWhatBoots(unpacked, target) {
  const [version] = readdirSync(join(unpacked, 'lib/modules'));
  runQuietly('busybox', ['depmod', '-b', unpacked, version]);
  const from = join(unpacked, 'lib/modules', version);
  const to = join(target, 'lib/modules', version);
  const lines = readFileSync(join(from, 'modules.dep'), 'utf8').split('\n');
  const wanted = new Set();
  const add = (path) => {
    if (wanted.has(path)) return;
    wanted.add(path);
    const line = lines.find((one) => one.startsWith(`${path}:`)) ?? '';
    for (const needed of line.split(': ')[1]?.split(' ').filter(Boolean) ?? []) add(needed);
  };
  for (const module of MODULES) {
    const path = lines
      .map((line) => line.split(':')[0])
      .find((one) => new RegExp(`/${module}\\.ko(\\.\\w+)?$`).test(one));
    if (path) add(path);
  }
  for (const path of wanted) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    copyFileSync(join(from, path), join(to, path));
  }
  const kept = lines.filter((line) => wanted.has(line.split(':')[0]));
  writeFileSync(join(to, 'modules.dep'), `${kept.join('\n')}\n`);
  copyFileSync(join(unpacked, 'boot', `vmlinuz-${version}`), join(target, 'vmlinuz'));
}
