/** TLS with real certificates, our own client, and those that others wrote. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ByteStream } from './byte-stream.ts';
import { type Certificates, makeCertificates } from './certificates.fixture.ts';
import { NbdClient } from './client.ts';
import { MemoryExport } from './memory-export.fixture.ts';
import { contextData, goData, option, u32 } from './messages.fixture.ts';
import type { TlsMode } from './negotiation.ts';
import { BASE_ALLOCATION, Option, OptionReply } from './protocol.ts';
import { NbdServer } from './server.ts';
import { run, type Serving, serve, until } from './serving.fixture.ts';
import { loadClientCredentials, loadServerCredentials } from './tls.ts';
import { formatNbdUri } from './uri.ts';

const MIB = 1 << 20;

let pki: Certificates;
let serving: Serving;
let disk: MemoryExport;

beforeAll(async () => {
  pki = await makeCertificates();
});
afterAll(() => pki.remove());

beforeEach(async () => {
  serving = await serve({ credentials: await loadServerCredentials(pki.server) });
  disk = new MemoryExport(8 * MIB, { minimumBlockSize: 512 });
  serving.server.addExport('disk', disk);
});

afterEach(() => serving.stop());

/** Another listener of the server; answers a URI for `disk` with the certificates of a client. */
async function listen(tls: TlsMode, certificates?: string): Promise<string> {
  const bound = await serving.server.listen({ host: '127.0.0.1', port: 0 }, { tls });
  const uri = formatNbdUri({ ...bound, name: 'disk', tls: certificates !== undefined });
  return certificates === undefined ? uri : `${uri}?tls-certificates=${certificates}`;
}

async function roundTrip(uri: string): Promise<void> {
  const client = await NbdClient.connect(uri);
  const data = randomBytes(3 * MIB);
  await client.write(MIB, data, { fua: true });
  expect((await client.read(MIB, data.length)).equals(data)).toBe(true);
  await client.disconnect();
}

function refused(replyType: number): object {
  return expect.objectContaining({ code: 'option_refused', context: { replyType } });
}

describe('a listener that requires TLS', () => {
  it('lets go of a client however it ends TLS', async () => {
    const uri = await listen('required');
    for (const leave of ['end', 'destroy', 'cut'] as const) {
      const { socket, stream } = await inTheClear(uri);
      socket.write(option(Option.StartTls));
      await stream.read(20);
      stream.release();
      const credentials = await loadClientCredentials(pki.alice);
      const secure = connectTls({ socket, ...credentials, servername: 'localhost' });
      secure.on('error', () => undefined);
      await once(secure, 'secureConnect');
      secure.write(option(Option.Go, goData('disk')));
      await until(() => serving.server.stats('disk')?.connections === 1, 'it is in');
      if (leave === 'end') secure.end();
      else if (leave === 'destroy') secure.destroy();
      else socket.destroy();
      await until(() => serving.server.stats('disk')?.connections === 0, 'it is out');
    }
  });

  it('serves a client whose certificate the authority signed', async () => {
    await roundTrip(await listen('required', pki.alice));
  });

  it.each(['mallory', 'nobody'] as const)('turns %s away in the TLS handshake', async (who) => {
    const client = NbdClient.connect(await listen('required', pki[who])).then(async (connected) => {
      // with TLS 1.3 a client hears of the refusal after its own handshake
      await connected.flush();
    });
    await expect(client).rejects.toMatchObject({ code: 'disconnected' });
  });

  it('asks for no certificate where it has no authority', async () => {
    const own = await serve({ credentials: await loadServerCredentials(pki.serverAlone) });
    own.server.addExport('disk', disk);
    const bound = await own.server.listen({ host: '127.0.0.1', port: 0 }, { tls: 'required' });
    const uri = formatNbdUri({ ...bound, name: 'disk', tls: true });
    await roundTrip(`${uri}?tls-certificates=${pki.nobody}`);
    await own.stop();
  });

  it.each([
    ['GO', Option.Go, goData('disk')],
    ['INFO', Option.Info, goData('disk')],
    ['LIST', Option.List, Buffer.alloc(0)],
    ['STRUCTURED_REPLY', Option.StructuredReply, Buffer.alloc(0)],
    ['SET_META_CONTEXT', Option.SetMetaContext, contextData('disk', BASE_ALLOCATION)],
    ['an unknown option', 77, Buffer.alloc(3)],
  ])('answers %s in the clear with TLS_REQD and nothing else', async (_name, number, data) => {
    const { stream, socket } = await inTheClear(await listen('required'));
    socket.write(option(number, data));
    const header = await stream.read(20);
    expect(header.readUInt32BE(12)).toBe(OptionReply.ErrTlsRequired);
    socket.write(option(Option.Abort));
    await stream.read(header.readUInt32BE(16));
    expect((await stream.read(20)).readUInt32BE(12)).toBe(OptionReply.Ack);
  });

  it('hangs up on EXPORT_NAME in the clear', async () => {
    const { socket } = await inTheClear(await listen('required'));
    socket.write(option(Option.ExportName, Buffer.from('disk')));
    await once(socket, 'close');
  });

  it('ends a session with bytes behind STARTTLS in the clear', async () => {
    const { socket, stream } = await inTheClear(await listen('required'));
    socket.write(Buffer.concat([option(Option.StartTls), option(Option.List)]));
    await expect(stream.read(20)).rejects.toMatchObject({ code: 'disconnected' });
  });

  it('ends a session whose TLS handshake is junk, or never comes', async () => {
    const hasty = await serve({
      credentials: await loadServerCredentials(pki.server),
      handshakeTimeoutMs: 200,
    });
    const bound = await hasty.server.listen({ host: '127.0.0.1', port: 0 }, { tls: 'required' });
    for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(0)]) {
      const { socket, stream } = await inTheClear(formatNbdUri({ ...bound, name: '' }));
      socket.write(option(Option.StartTls));
      await stream.read(20);
      socket.write(bytes);
      await once(socket, 'close');
    }
    await hasty.stop();
  });

  it('forgets what was agreed in the clear, and answers a second STARTTLS with INVALID', async () => {
    const { socket, stream } = await inTheClear(await listen('optional'));
    const contexts = contextData('disk', BASE_ALLOCATION);
    socket.write(option(Option.ExtendedHeaders));
    await stream.read(20);
    socket.write(option(Option.StartTls));
    await stream.read(20);
    stream.release();
    const credentials = await loadClientCredentials(pki.alice);
    const secure = connectTls({ socket, ...credentials, servername: 'localhost' });
    const inside = new ByteStream(secure);
    secure.write(option(Option.SetMetaContext, contexts));
    const header = await inside.read(20);
    expect(header.readUInt32BE(12)).toBe(OptionReply.ErrInvalid);
    await inside.read(header.readUInt32BE(16));
    secure.write(option(Option.StartTls));
    expect((await inside.read(20)).readUInt32BE(12)).toBe(OptionReply.ErrInvalid);
    secure.destroy();
  });

  it('speaks nothing older than TLS 1.2', async () => {
    const { socket, stream } = await inTheClear(await listen('required'));
    socket.write(option(Option.StartTls));
    await stream.read(20);
    stream.release();
    const credentials = await loadClientCredentials(pki.alice);
    const old = connectTls({
      socket,
      ...credentials,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    await expect(once(old, 'secureConnect')).rejects.toThrow();
  });
});

async function inTheClear(uri: string): Promise<{ socket: Socket; stream: ByteStream }> {
  const { hostname, port } = new URL(uri);
  const { socket, stream } = serving.raw({ host: hostname, port: Number(port) });
  await stream.read(18);
  socket.write(u32(3));
  return { socket, stream };
}

describe('rules on who may use an export', () => {
  beforeEach(() => {
    serving.server.addExport('for-ops', new MemoryExport(MIB), { allow: ['O=ops'] });
    const vm2 = ['DNS=vm2.example', 'URI=spiffe://lab/vm9'];
    serving.server.addExport('for-vm2', new MemoryExport(MIB), { allow: vm2 });
  });

  const named = (uri: string, name: string) => uri.replace('/disk', `/${name}`);

  it.each([
    ['alice', 'for-ops', 'for-vm2'],
    ['bob', 'for-vm2', 'for-ops'],
  ] as const)('admit %s to %s and not to %s', async (who, mine, others) => {
    const uri = await listen('required', pki[who]);
    const client = await NbdClient.connect(named(uri, mine));
    await client.disconnect();
    const other = NbdClient.connect(named(uri, others));
    await expect(other).rejects.toEqual(refused(OptionReply.ErrPolicy));
    const listed = await NbdClient.list(uri);
    expect(listed.map(({ name }) => name)).toEqual(['disk', mine]);
  });

  it('turn a client in the clear to TLS where there is TLS, and away where there is none', async () => {
    const optional = await listen('optional');
    await roundTrip(optional);
    const needed = NbdClient.connect(named(optional, 'for-ops'));
    await expect(needed).rejects.toEqual(refused(OptionReply.ErrTlsRequired));
    const plain = NbdClient.connect(serving.uri('for-ops'));
    await expect(plain).rejects.toEqual(refused(OptionReply.ErrPolicy));
  });

  it.each(['', 'alice', 'XX=alice', 'CN='])('cannot be %j', (rule) => {
    expect(() => serving.server.addExport('x', disk, { allow: [rule] })).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    );
  });
});

describe('clients that others wrote', () => {
  it('nbdinfo sees TLS, and is refused without a certificate', async () => {
    const bound = await listen('required', pki.alice);
    const uri = bound.replace('127.0.0.1', 'localhost');
    const { code, stdout } = await run('nbdinfo', '--json', uri);
    expect([code, JSON.parse(stdout).TLS]).toEqual([0, true]);
    expect((await run('nbdinfo', uri.replace(pki.alice, pki.nobody))).code).not.toBe(0);
    expect((await run('nbdinfo', uri.replace('nbds:', 'nbd:'))).code).not.toBe(0);
  });

  it('nbdcopy copies in and out on several connections', async () => {
    const uri = (await listen('required', pki.alice)).replace('127.0.0.1', 'localhost');
    const [source, target] = [join(serving.folder, 'in'), join(serving.folder, 'out')];
    await writeFile(source, randomBytes(8 * MIB));
    expect(await run('nbdcopy', '--connections=4', '--flush', source, uri)).toMatchObject({
      code: 0,
    });
    expect(await run('nbdcopy', uri, target)).toMatchObject({ code: 0 });
    expect(await run('cmp', source, target)).toMatchObject({ code: 0 });
  });

  it('qemu-img and qemu-io read and write with tls-creds', async () => {
    const { port } = new URL(await listen('required', pki.alice));
    const creds = `tls-creds-x509,id=tls0,endpoint=client,dir=${pki.alice}`;
    const address = `driver=nbd,server.type=inet,server.host=127.0.0.1,server.port=${port}`;
    const image = `${address},export=disk,tls-creds=tls0`;
    const common = ['--object', creds, '--image-opts'];
    const io = await run('qemu-io', ...common, '-c', 'write -P 7 64k 64k', '-c', 'flush', image);
    expect(io).toMatchObject({ code: 0 });
    expect(disk.bytes[65_536]).toBe(7);
    expect(await run('qemu-img', 'info', ...common, image)).toMatchObject({ code: 0 });
    const without = await run('qemu-img', 'info', '--image-opts', `${address},export=disk`);
    expect(without.code).not.toBe(0);
  });

  it('nbdkit as a proxy, fio and nbdsh read and write', async () => {
    const { port } = new URL(await listen('required', pki.alice));
    const upstream = ['hostname=localhost', `port=${port}`, 'export=disk', 'tls=require'];
    const secure = [...upstream, `tls-certificates=${pki.alice}`];
    const io = 'qemu-io -f raw -c "write -P 7 0 64k" -c "read -P 7 0 64k" "$uri"';
    const proxied = await run('nbdkit', '-U', '-', 'nbd', ...secure, '--run', io);
    expect(proxied).toMatchObject({ code: 0 });
    expect(disk.bytes[65_535]).toBe(7);
    // libnbd lets fio name no file of certificates in a URI: nbdkit speaks TLS in its place
    const fio = 'fio --name=j --ioengine=nbd --uri="$uri" --rw=randwrite --bs=4k --size=2m';
    const verify = `${fio} --iodepth=16 --verify=crc32c --verify_state_save=0`;
    const verified = await run('nbdkit', '-U', '-', 'nbd', ...secure, '--run', verify);
    expect(verified).toMatchObject({ code: 0 });
    const uri = `nbds://localhost:${port}/disk?tls-certificates=${pki.alice}`;
    const lines = [
      'h.set_uri_allow_local_file(True)',
      `h.connect_uri("${uri}")`,
      'h.pwrite(b"x" * 512, 0)',
      'h.shutdown()',
    ];
    const shell = ['nbdsh', ...lines.flatMap((line) => ['-c', line])];
    const said = await run('/usr/bin/env', `PATH=/usr/bin:${process.env.PATH}`, ...shell);
    expect(said).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(disk.bytes[0]).toBe('x'.charCodeAt(0));
  });

  it('TLS runs on a unix socket too', async () => {
    const path = join(serving.folder, 'tls.sock');
    await serving.server.listen({ path }, { tls: 'required' });
    const uri = formatNbdUri({ path, name: 'disk', tls: true });
    await roundTrip(`${uri}&tls-certificates=${pki.alice}`);
  });
});

describe('listening', () => {
  it('with TLS needs a certificate', async () => {
    const bare = new NbdServer();
    const listening = bare.listen({ host: '127.0.0.1', port: 0 }, { tls: 'required' });
    await expect(listening).rejects.toMatchObject({ code: 'invalid_option' });
  });

  it('on a unix socket sets who may connect', async () => {
    const path = join(serving.folder, 'private.sock');
    await serving.server.listen({ path }, { mode: 0o600 });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('names the file where a directory of certificates is not complete or not usable', async () => {
    await expect(loadServerCredentials(pki.alice)).rejects.toThrow('server-cert.pem');
    await writeFile(join(serving.folder, 'server-cert.pem'), 'junk');
    await writeFile(join(serving.folder, 'server-key.pem'), 'junk');
    await expect(loadServerCredentials(serving.folder)).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining(serving.folder),
    });
  });
});
