/** Changing a header in place: what is kept, what stock qemu-img makes of it, and what a crash leaves. */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { CrashFile } from '../crash-file.fixture.ts';
import { KiB, MiB, run, testDisks } from '../disk.fixture.ts';
import { HostFile } from '../file.ts';
import {
  backingFormatOf,
  EXTENSION,
  encodeHeader,
  findExtension,
  type Qcow2Header,
  readHeader,
} from './header.ts';
import { rewriteHeader, withExtension } from './header-rewrite.ts';

const disks = testDisks();
const UNKNOWN = 0x7e57_0001;

function backed(header: Qcow2Header, name: string, format: string): Qcow2Header {
  const extensions = withExtension(header.extensions, EXTENSION.backingFormat, Buffer.from(format));
  return { ...header, backingFile: name, extensions };
}

/** An image of qemu's with a longer header, an extension that nobody knows, and a name for a bit of its own. */
function foreignImage(clusterSize: number): string {
  const file = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', `cluster_size=${clusterSize}`, file, '1M');
  const host = HostFile.open(file, { readOnly: false });
  const header = readHeader(host);
  const extraFields = Buffer.concat([Buffer.alloc(7), Buffer.from('a field of the future...')]);
  const extensions = [...header.extensions, { magic: UNKNOWN, data: Buffer.from('unknown') }];
  host.write(encodeHeader({ ...header, extraFields, extensions }), 0);
  host.close();
  return file;
}

function rewrite(file: string, change: (header: Qcow2Header) => Qcow2Header): Qcow2Header {
  const host = HostFile.open(file, { readOnly: false });
  try {
    return rewriteHeader(host, change(readHeader(host)));
  } finally {
    host.close();
  }
}

function headerOf(file: string): Qcow2Header {
  const host = HostFile.open(file, { readOnly: true });
  try {
    return readHeader(host);
  } finally {
    host.close();
  }
}

it.each([1 * KiB, 4 * KiB, 64 * KiB, 2 * MiB])(
  'keeps what it does not know, with clusters of %i bytes',
  (clusterSize) => {
    const file = foreignImage(clusterSize);
    const before = headerOf(file);
    const answered = rewrite(file, (header) => backed(header, 'base.raw', 'raw'));
    const after = headerOf(file);
    expect(after).toEqual(answered);
    expect(after.extraFields).toEqual(before.extraFields);
    expect(after.extraFields.toString()).toContain('a field of the future...');
    for (const { magic, data } of before.extensions)
      expect(findExtension(after, magic)).toEqual(data);
    expect([after.backingFile, backingFormatOf(after)]).toEqual(['base.raw', 'raw']);
    const info = JSON.parse(run('qemu-img', 'info', '-U', '--output=json', file));
    expect([info['backing-filename'], info['backing-filename-format']]).toEqual([
      'base.raw',
      'raw',
    ]);
  },
);

it('keeps a backing file name that is no UTF-8, byte for byte', () => {
  const file = foreignImage(64 * KiB);
  rewrite(file, (header) => backed(header, 'base-?.raw', 'raw'));
  const bytes = fs.readFileSync(file);
  const at = bytes.indexOf('base-?.raw');
  bytes[at + 5] = 0xe9;
  fs.writeFileSync(file, bytes);
  rewrite(file, (header) => ({
    ...header,
    extensions: withExtension(header.extensions, 0x7e57_0002, Buffer.alloc(700)),
  }));
  const after = fs.readFileSync(file);
  const moved = Number(after.readBigUInt64BE(8));
  expect(moved).not.toBe(at);
  expect(after.toString('latin1', moved, moved + 10)).toBe('base-\xe9.raw');
});

it('takes the backing file away again', () => {
  const file = foreignImage(64 * KiB);
  rewrite(file, (header) => backed(header, 'x'.repeat(1023), 'qcow2'));
  rewrite(file, (header) => ({
    ...header,
    backingFile: undefined,
    extensions: withExtension(header.extensions, EXTENSION.backingFormat, undefined),
  }));
  const info = JSON.parse(run('qemu-img', 'info', '--output=json', file));
  expect(info).not.toHaveProperty('backing-filename');
  expect(findExtension(headerOf(file), UNKNOWN)).toEqual(Buffer.from('unknown'));
  expect(run('qemu-img', 'check', file)).toContain('No errors');
});

it('writes version 2 headers that qemu-img reads', () => {
  const file = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', 'compat=0.10', file, '1M');
  rewrite(file, (header) => backed(header, 'base.raw', 'raw'));
  const info = JSON.parse(run('qemu-img', 'info', '--output=json', file));
  expect(info['format-specific'].data.compat).toBe('0.10');
  expect([info['backing-filename'], info['backing-filename-format']]).toEqual(['base.raw', 'raw']);
});

it('refuses a header that does not fit its cluster, and writes nothing', () => {
  const file = foreignImage(1 * KiB);
  const before = fs.readFileSync(file);
  expect(() => rewrite(file, (header) => backed(header, 'x'.repeat(1000), 'raw'))).toThrow(
    expect.objectContaining({ code: 'invalid_option' }),
  );
  expect(fs.readFileSync(file)).toEqual(before);
});

/** Every state that a crash may leave, with none, all, and some of the sectors that were not yet durable. */
function crashes(file: string, change: (file: CrashFile) => void): Buffer[] {
  const crashing = new CrashFile(file);
  change(crashing);
  const states: Buffer[] = [];
  for (let moment = 0; moment <= crashing.now; moment++)
    for (const modulus of [1, 2, 3, Number.POSITIVE_INFINITY])
      for (const phase of [0, 1]) {
        let index = phase;
        states.push(crashing.stateAt(moment, () => index++ % modulus === 0));
      }
  return states;
}

it.each<[string, string, string, string]>([
  ['a longer name', 'old.qcow2', 'a-much-longer-name.qcow2', 'qcow2'],
  ['a name past the first sector', 'old.qcow2', `${'y'.repeat(900)}.raw`, 'raw'],
  ['another format', 'old.qcow2', 'new.raw', 'raw'],
  ['no backing file before', '', 'new.raw', 'raw'],
])('leaves the old backing file or the new one after a crash: %s', (_name, old, name, format) => {
  const file = foreignImage(64 * KiB);
  if (old !== '') rewrite(file, (header) => backed(header, old, 'qcow2'));
  const seen = new Set<string>();
  for (const state of crashes(file, (crashing) => {
    rewriteHeader(crashing, backed(readHeader(crashing), name, format));
  })) {
    const left = disks.path();
    fs.writeFileSync(left, state);
    const header = headerOf(left);
    seen.add(`${header.backingFile ?? ''} ${backingFormatOf(header) ?? ''}`);
    expect(header.extraFields.toString()).toContain('a field of the future...');
  }
  expect([...seen].sort()).toEqual([old === '' ? ' ' : `${old} qcow2`, `${name} ${format}`].sort());
});

it('switches feature bits and the zone extensions with one sector', async () => {
  const file = await disks.create({ size: 4 * MiB, zoned: { zoneSize: MiB } });
  const writes: [number, number][] = [];
  const crashing = new CrashFile(file);
  const write = crashing.write.bind(crashing);
  crashing.write = (data, position) => {
    writes.push([position, data.length]);
    write(data, position);
  };
  const zoned = Buffer.from(findExtension(readHeader(crashing), EXTENSION.zoned) as Buffer);
  zoned.writeUInt32BE(7, 20);
  rewriteHeader(crashing, {
    ...readHeader(crashing),
    autoclearFeatures: 0n,
    extensions: withExtension(readHeader(crashing).extensions, EXTENSION.zoned, zoned),
  });
  expect(writes).toEqual([[0, 512]]);
});
