/**
 * Linux in QEMU, without KVM: Debian's kernel as `zonelab test` fetches it, and a root file system in memory with busybox
 * and the programs that a test names. It takes commands over a serial line of its own.
 */

import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { root } from './workspace.fixture.ts';

export interface GuestOptions {
  /** A command line that attaches disks, as the API hands it out; QEMU alone if left out. */
  readonly attach?: string;
  /** Programs of this machine to be had in the guest. */
  readonly programs?: readonly string[];
  /** Modules to load. */
  readonly modules: readonly string[];
}

const KERNEL = join(root, '.zonelab/guest');

/** Commands come as base64, one a line; an answer ends with a line that has the exit code. */
const INIT = `#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp /mnt /sbin /usr/bin /usr/sbin
/bin/busybox --install -s
export PATH=/usr/local/bin:/bin:/sbin:/usr/bin:/usr/sbin LD_LIBRARY_PATH=/lib/programs HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
for module in $(cat /modules); do modprobe $module; done
exec 3<>/dev/ttyS1
stty raw -echo <&3
echo ready >&3
while IFS= read -r line <&3; do
  echo "$line" | base64 -d >/tmp/command
  sh /tmp/command >/tmp/answer 2>&1
  code=$?
  [ $code = 0 ] || dmesg | tail -n 12 >>/tmp/answer
  { cat /tmp/answer; printf '\\n<%s>\\n' $code; } >&3
done
`;

const MACHINE = [
  ...['-M', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-m', '768'],
  ...['-nodefaults', '-display', 'none', '-monitor', 'none', '-no-reboot'],
  ...['-netdev', 'user,id=net', '-device', 'virtio-net-pci,netdev=net,romfile='],
  ...['-kernel', join(KERNEL, 'vmlinuz')],
  ...[
    '-append',
    "'console=ttyS0 loglevel=4 panic=-1 no_timer_check mitigations=off nokaslr random.trust_cpu=on'",
  ],
];

export class Guest {
  private received = '';
  private errors = '';
  private readonly ended: Promise<undefined>;

  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly folder: string,
  ) {
    this.ended = once(child, 'close').then(() => undefined);
    child.stdout.setEncoding('utf8');
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
  }

  /** Answers once the guest takes commands. */
  static async boot({
    attach = 'qemu-system-x86_64',
    programs = [],
    modules,
  }: GuestOptions): Promise<Guest> {
    const folder = mkdtempSync(join(tmpdir(), 'zonelab-guest-'));
    const memory = makeRoot(folder, programs, modules);
    const serial = ['-initrd', memory, '-serial', `file:${join(folder, 'console')}`];
    const machine = [...MACHINE, ...serial, '-serial', 'stdio'].join(' ');
    const command = attach.trimEnd().replace(/^qemu-system-x86_64/m, 'exec qemu-system-x86_64');
    const child = spawn('sh', ['-c', `${command} ${machine}`]);
    const guest = new Guest(child, folder);
    await guest.until(/ready\n/).catch((error: unknown) => {
      guest.discard();
      throw error;
    });
    return guest;
  }

  /** Runs a script in the guest's shell and answers what it printed; throws where its exit code is not 0. */
  async run(script: string): Promise<string> {
    this.child.stdin.write(`${Buffer.from(script).toString('base64')}\n`);
    const [answer, code] = await this.until(/\n<(\d+)>\n/);
    if (code !== '0') throw new Error(`in the guest: ${script}: exit code ${code}\n${answer}`);
    return answer;
  }

  /** The name of a disk of this serial number, as in /dev. */
  async diskOfSerial(serial: string): Promise<string> {
    const name = await this.run(
      `dirname $(dirname $(grep -l ${serial} /sys/block/*/device/serial))`,
    );
    return basename(name.trim());
  }

  /** Ends it as an operating system does; QEMU has then let its disks go. */
  async powerOff(): Promise<void> {
    this.child.stdin.write(`${Buffer.from('sync; poweroff -f').toString('base64')}\n`);
    await this.ended;
    this.discard();
  }

  /** Whatever state it is in. */
  discard(): void {
    if (this.child.exitCode === null) this.child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What came before the end that was waited for, and the end's first group. */
  private async until(end: RegExp): Promise<[string, string | undefined]> {
    for (;;) {
      const found = end.exec(this.received);
      if (found) {
        const before = this.received.slice(0, found.index);
        this.received = this.received.slice(found.index + found[0].length);
        return [before, found[1]];
      }
      const more = await Promise.race([once(this.child.stdout, 'data'), this.ended]);
      if (more === undefined) throw new Error(`QEMU ended: ${this.errors}${this.console()}`);
      this.received += more[0];
    }
  }

  private console(): string {
    return readFileSync(join(this.folder, 'console'), 'utf8').slice(-2000);
  }
}

/** An archive that the kernel unpacks into memory. */
function makeRoot(folder: string, programs: readonly string[], modules: readonly string[]): string {
  const tree = join(folder, 'root');
  const archive = join(folder, 'root.cpio');
  for (const name of ['bin', 'usr/local/bin', 'lib/programs', 'lib64'])
    mkdirSync(join(tree, name), { recursive: true });
  cpSync(join(KERNEL, 'lib/modules'), join(tree, 'lib/modules'), { recursive: true });
  copyFileSync(pathOf('busybox'), join(tree, 'bin/busybox'));
  for (const name of programs) copyProgram(pathOf(name), tree);
  writeFileSync(join(tree, 'modules'), modules.join('\n'));
  writeFileSync(join(tree, 'init'), INIT, { mode: 0o755 });
  execFileSync('sh', ['-c', `find . | busybox cpio -o -H newc >'${archive}'`], {
    cwd: tree,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  rmSync(tree, { recursive: true });
  return archive;
}

/** With the libraries that it is linked with, and the loader at the place that it names. */
function copyProgram(path: string, tree: string): void {
  copyFileSync(path, join(tree, 'usr/local/bin', basename(path)));
  for (const [, library = ''] of execFileSync('ldd', [path], { encoding: 'utf8' }).matchAll(
    /(\/\S+)/g,
  )) {
    const loader = library.includes('/ld-linux');
    const target = join(tree, loader ? library : `lib/programs/${basename(library)}`);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(realpathSync(library), target);
  }
}

function pathOf(program: string): string {
  return execFileSync('sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' }).trim();
}
