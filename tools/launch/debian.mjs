// Debian tools: installed by apt where that needs no question asked, else unpacked into .zonelab/tools.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { capture, hasCommand, root, runQuietly, SetupError, say } from './process.mjs';

/** Which package brings which command. */
const PACKAGES = {
  'redis-server': ['redis-server'],
  'qemu-utils': ['qemu-img', 'qemu-io', 'qemu-nbd'],
  'libnbd-bin': ['nbdinfo', 'nbdcopy'],
  fio: ['fio'],
  nbdkit: ['nbdkit'],
  'nbd-client': ['nbd-client'],
  'python3-libnbd': ['nbdsh'],
  'qemu-system-x86': ['qemu-system-x86_64'],
  'busybox-static': ['busybox'],
  'util-linux': ['blkzone'],
  'nvme-cli': ['nvme'],
  chromium: ['chromium'],
  openssl: ['openssl'],
};

const unpacked = join(root, '.zonelab/tools');
const wrappers = join(unpacked, 'wrappers');
const aptState = join(root, '.zonelab/apt');

/** What only the guests of the tests are booted with, or have inside. */
const GUEST_ONLY = ['qemu-system-x86', 'busybox-static', 'util-linux', 'nvme-cli'];

export const GUEST_TOOLS = [...GUEST_ONLY, 'nbd-client', 'fio'];

/** Every package that the other tests need. */
export const ALL_TOOLS = Object.keys(PACKAGES).filter((name) => !GUEST_ONLY.includes(name));

/** What benchmarks measure us beside. */
export const BENCHMARK_TOOLS = ['qemu-utils', 'libnbd-bin', 'fio', 'nbdkit', 'chromium', 'openssl'];

/** Puts the commands of these Debian packages on PATH, or throws SetupError with the line to run. */
export function ensureTools(packages) {
  useFolders('PATH', ['/usr/sbin', '/sbin']);
  if (existsSync(unpacked)) useUnpacked();
  const missing = () =>
    packages.filter((name) => !PACKAGES[name].every((command) => hasCommand(command)));
  const wanted = missing();
  if (wanted.length === 0) return;
  if (hasCommand('apt-get')) {
    say(`installing Debian packages: ${wanted.join(' ')}`);
    const asRoot = rootPrefix();
    if (asRoot) install(asRoot, wanted);
    else unpack(wanted);
  }
  const left = missing();
  if (left.length > 0) {
    throw new SetupError(`missing tools; run: sudo apt-get install -y ${left.join(' ')}`);
  }
}

/** How to become root without a question: nothing, `sudo -n`, or undefined where it cannot be. */
function rootPrefix() {
  if (process.getuid() === 0) return [];
  return hasCommand('sudo') && capture('sudo', ['-n', 'true']) !== undefined
    ? ['sudo', '-n']
    : undefined;
}

function install(prefix, packages) {
  const apt = (...args) => {
    const line = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
    return runQuietly(line[0], line.slice(1));
  };
  const add = () => apt('install', '-y', '-q', '--no-install-recommends', ...packages);
  // Package lists may be absent or too old to name files that still exist: then fetch them and retry.
  if (!add() && apt('update', '-q')) add();
}

/** Without root: apt keeps its lists in .zonelab/apt, and the packages are only unpacked, not configured. */
function unpack(packages) {
  const options = fetchLists();
  if (!options) return;
  const downloads = join(aptState, 'packages');
  mkdirSync(downloads, { recursive: true });
  const plan = ['install', '--simulate', '--no-install-recommends', ...packages];
  const names = [...(capture('apt-get', [...options, ...plan]) ?? '').matchAll(/^Inst (\S+)/gm)];
  if (names.length === 0) return;
  const download = [...options, 'download', '-q', ...names.map(([, name]) => name)];
  if (!runQuietly('apt-get', download, { cwd: downloads })) return;
  mkdirSync(unpacked, { recursive: true });
  for (const file of readdirSync(downloads)) {
    runQuietly('dpkg', ['-x', join(downloads, file), unpacked]);
  }
  rmSync(downloads, { recursive: true });
  wrapNbdkit();
  wrapChromium();
  wrapOpenssl();
  useUnpacked();
}

/** Fetches package lists into .zonelab/apt; answers apt's options to use them, or undefined. */
export function fetchLists() {
  const options = [
    `Dir::State=${aptState}/state`,
    `Dir::State::status=/var/lib/dpkg/status`,
    `Dir::Cache=${aptState}/cache`,
    'Debug::NoLocking=1',
  ].flatMap((option) => ['-o', option]);
  for (const folder of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(aptState, folder), { recursive: true });
  return runQuietly('apt-get', [...options, 'update', '-q']) ? options : undefined;
}

/** nbdkit looks for plugins and filters where Debian installs them, and takes paths for those elsewhere. */
function wrapNbdkit() {
  const parts = join(unpacked, libraries(), 'nbdkit');
  if (!existsSync(parts)) return;
  wrap('nbdkit', [
    'for word do',
    '  shift',
    `  name=\${word#--filter=}`,
    `  filter='${parts}'/filters/nbdkit-$name-filter.so`,
    `  plugin='${parts}'/plugins/nbdkit-$word-plugin.so`,
    '  if [ "$name" != "$word" ] && [ -e "$filter" ]; then word=--filter=$filter',
    '  elif [ -e "$plugin" ]; then word=$plugin',
    '  fi',
    '  set -- "$@" "$word"',
    'done',
    `exec '${join(unpacked, 'usr/bin/nbdkit')}' "$@"`,
  ]);
}

/** Debian's own script looks for the browser where Debian installs it, and the browser for fonts, without which it ends. */
function wrapChromium() {
  const browser = join(unpacked, 'usr/lib/chromium/chromium');
  if (!existsSync(browser)) return;
  const fonts = join(unpacked, 'fonts.conf');
  const folders = ['/usr/share/fonts', join(unpacked, 'usr/share/fonts')];
  const lines = folders.map((folder) => `<dir>${folder}</dir>`).join('');
  writeFileSync(fonts, `<?xml version="1.0"?>\n<fontconfig>${lines}</fontconfig>\n`);
  wrap('chromium', [`FONTCONFIG_FILE='${fonts}' exec '${browser}' "$@"`]);
}

/** It looks for its configuration, without which it requests no certificate, where Debian installs it. */
function wrapOpenssl() {
  const program = join(unpacked, 'usr/bin/openssl');
  const configuration = join(unpacked, 'etc/ssl/openssl.cnf');
  if (existsSync(program))
    wrap('openssl', [`OPENSSL_CONF='${configuration}' exec '${program}' "$@"`]);
}

function wrap(name, lines) {
  mkdirSync(wrappers, { recursive: true });
  writeFileSync(join(wrappers, name), `#!/bin/sh\n${lines.join('\n')}\n`, { mode: 0o755 });
}

/** Debian's folder of shared libraries for this machine. */
function libraries() {
  return `usr/lib/${process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'}`;
}

function useUnpacked() {
  const shared = libraries();
  const inside = (folders) => folders.map((folder) => join(unpacked, folder));
  useFolders('PATH', [wrappers, ...inside(['usr/bin', 'usr/sbin', 'bin', 'sbin'])]);
  // the libraries of Ceph (for fio) and PulseAudio (for chromium) have folders of their own
  const own = ['ceph', 'pulseaudio'].map((folder) => `${shared}/${folder}`);
  const folders = [shared, ...own, shared.replace('usr/', '')];
  useFolders('LD_LIBRARY_PATH', inside(folders));
  useFolders('PYTHONPATH', inside(['usr/lib/python3/dist-packages']));
}

/** Appends folders to a search path in this process's environment, which children inherit. */
function useFolders(variable, folders) {
  const present = (process.env[variable] ?? '').split(delimiter).filter(Boolean);
  const added = folders.filter((folder) => !present.includes(folder));
  process.env[variable] = [...present, ...added].join(delimiter);
}
