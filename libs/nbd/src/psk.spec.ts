/** TLS with shared keys, judged by clients that others wrote. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ByteStream } from './byte-stream.ts';
import { type Certificates, makeCertificates } from './certificates.fixture.ts';
import { MemoryExport } from './memory-export.fixture.ts';
import { goData, option, u32 } from './messages.fixture.ts';
import { Option, OptionReply } from './protocol.ts';
import { CIPHERS_WITH_PSK, parseSharedKeys } from './psk.ts';
import { run, type Serving, serve, type ToolResult } from './serving.fixture.ts';
import { loadServerCredentials } from './tls.ts';

const MIB = 1 << 20;
const ALICE = `alice:${'a1'.repeat(32)}`;
const BOB = `bob:${'b0'.repeat(32)}`;

let pki: Certificates;

beforeAll(async () => {
  pki = await makeCertificates();
});
afterAll(() => pki.remove());

describe.each([
  ['alone', false],
  ['beside certificates', true],
])('a server with shared keys %s', (_how, certificates) => {
  let serving: Serving;
  let port: number;

  beforeEach(async () => {
    const directory = certificates ? pki.server : join(pki.folder, 'keys');
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'keys.psk'), `# of the lab\n${ALICE}\n${BOB}\n`);
    serving = await serve({ credentials: await loadServerCredentials(directory) });
    serving.server.addExport('disk', new MemoryExport(MIB));
    serving.server.addExport('of-alice', new MemoryExport(MIB), { allow: ['PSK=alice'] });
    const bound = await serving.server.listen({ host: '127.0.0.1', port: 0 }, { tls: 'required' });
    port = 'port' in bound ? bound.port : 0;
  });

  afterEach(() => serving.stop());

  /** nbdinfo as a client of that name with that key. */
  async function nbdinfo(name: string, line: string, disk = 'disk'): Promise<ToolResult> {
    const file = join(serving.folder, 'client.psk');
    await writeFile(file, `${line}\n`);
    const uri = `nbds://${name}@127.0.0.1:${port}/${disk}?tls-psk-file=${file}`;
    return run('nbdinfo', '--json', uri);
  }

  it('lets in who has a key, under its name alone', async () => {
    const { code, stdout } = await nbdinfo('alice', ALICE);
    expect([code, JSON.parse(stdout).TLS]).toEqual([0, true]);
    expect(await nbdinfo('alice', ALICE, 'of-alice')).toMatchObject({ code: 0 });
    expect(await nbdinfo('bob', BOB)).toMatchObject({ code: 0 });
    expect((await nbdinfo('bob', BOB, 'of-alice')).code).not.toBe(0);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('takes a key with %s', async (version) => {
    const { socket, stream } = serving.raw({ host: '127.0.0.1', port });
    await stream.read(18);
    socket.write(Buffer.concat([u32(3), option(Option.StartTls)]));
    await stream.read(20);
    stream.release();
    const secure = connectTls({
      socket,
      minVersion: version,
      maxVersion: version,
      ciphers: CIPHERS_WITH_PSK,
      pskCallback: () => ({ identity: 'alice', psk: Buffer.from('a1'.repeat(32), 'hex') }),
      checkServerIdentity: () => undefined,
    });
    const inside = new ByteStream(secure);
    secure.write(option(Option.Info, goData('of-alice')));
    expect((await inside.read(20)).readUInt32BE(12)).toBe(OptionReply.Info);
    expect(secure.getProtocol()).toBe(version);
    secure.destroy();
  });

  it('turns away a wrong key and an unknown name', async () => {
    expect((await nbdinfo('alice', BOB.replace('bob', 'alice'))).code).not.toBe(0);
    expect((await nbdinfo('eve', ALICE.replace('alice', 'eve'))).code).not.toBe(0);
  });

  it('serves QEMU with tls-creds-psk', async () => {
    const directory = join(serving.folder, 'qemu');
    await mkdir(directory);
    await writeFile(join(directory, 'keys.psk'), `${ALICE}\n`);
    const creds = `tls-creds-psk,id=t,endpoint=client,dir=${directory},username=alice`;
    const image = `driver=nbd,server.type=inet,server.host=127.0.0.1,server.port=${port},export=of-alice,tls-creds=t`;
    const io = ['-c', 'write -P 5 0 64k', '-c', 'read -P 5 0 64k'];
    const result = await run('qemu-io', '--object', creds, '--image-opts', ...io, image);
    expect(result).toMatchObject({ code: 0, stdout: expect.not.stringContaining('failed') });
  });

  it('serves those with certificates all the same, and nobody without either', async () => {
    const uri = (who: string) => `nbds://localhost:${port}/disk?tls-certificates=${who}`;
    expect((await run('nbdinfo', uri(pki.alice))).code === 0).toBe(certificates);
    expect((await run('nbdinfo', uri(pki.nobody))).code).not.toBe(0);
  });
});

describe('a file of keys', () => {
  it.each([
    ['alice', 'line 1: got no name'],
    [`:${'00'.repeat(16)}`, 'line 1: got no name'],
    ['\nalice:1234', 'line 2: key of alice'],
    [`alice:${'zz'.repeat(16)}`, 'line 1: key of alice'],
    [`${ALICE}\n${ALICE}`, 'line 2: alice has a key already'],
  ])('with %j names the line', (text, message) => {
    expect(() => parseSharedKeys(text)).toThrow(message);
  });

  it('never shows a key', () => {
    const secret = '1234567890';
    let shown = '';
    try {
      parseSharedKeys(`alice:${secret}`);
    } catch (error) {
      shown = String(error);
    }
    expect(shown).not.toContain(secret);
    expect(shown).toContain('alice');
  });
});
