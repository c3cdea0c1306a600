/**
 * What an encrypted image tells without its key (qcow2 specification, "Full disk encryption header pointer"; LUKS
 * On-Disk Format, version 1). LUKS numbers count 512-byte sectors.
 *
 * | byte | size | field of a LUKS header |
 * |------|------|------------------------|
 * | 0    | 6    | "LUKS" 0xba 0xbe       |
 * | 6    | 2    | version, 1             |
 * | 8    | 32   | cipher name            |
 * | 40   | 32   | cipher mode            |
 * | 72   | 32   | hash                   |
 * | 104  | 4    | payload offset, sectors |
 * | 108  | 4    | key length, bytes      |
 * | 112  | 52   | digest and salt of the master key |
 * | 164  | 4    | iterations of the digest |
 * | 168  | 40   | UUID                   |
 * | 208  | 384  | 8 key slots: active (u32), iterations (u32), salt (32), key offset in sectors (u32), stripes (u32) |
 */
import type { BlockFile } from '../file.ts';
import { readU64 } from './bytes.ts';
import { EXTENSION, findExtension, type Qcow2Header } from './header.ts';

const LUKS_BYTES = 592;
const SECTOR_BYTES = 512;
const SLOTS_AT = 208;
const SLOT_BYTES = 48;
const SLOT_COUNT = 8;
const SLOT_ACTIVE = 0x00ac_71f3;

/** Offsets are bytes from the start of the LUKS header. */
export interface LuksInfo {
  readonly cipher: string;
  readonly cipherMode: string;
  readonly ivGenerator: string;
  readonly ivHash: string | undefined;
  readonly hash: string;
  readonly uuid: string;
  readonly payloadOffset: number;
  readonly masterKeyIterations: number;
  readonly slots: readonly {
    readonly active: boolean;
    readonly iterations: number;
    readonly keyOffset: number;
    readonly stripes: number;
  }[];
}

/** `luks` is undefined for other methods, and where the header cannot be read. */
export interface Encryption {
  /** `aes`, `luks`, or the number of a method that nobody knows. */
  readonly method: string;
  readonly luks: LuksInfo | undefined;
}

/** Undefined for an image that is not encrypted. */
export function encryptionOf(
  header: Qcow2Header,
  file?: Pick<BlockFile, 'read'>,
): Encryption | undefined {
  if (header.cryptMethod === 0) return undefined;
  const method = { 1: 'aes', 2: 'luks' }[header.cryptMethod] ?? `method ${header.cryptMethod}`;
  const pointer = findExtension(header, EXTENSION.cryptoHeader);
  if (file === undefined || method !== 'luks' || pointer === undefined || pointer.length < 16)
    return { method, luks: undefined };
  const bytes = Buffer.alloc(LUKS_BYTES);
  file.read(bytes, readU64(pointer, 0, 'crypto header offset'));
  return { method, luks: decodeLuks(bytes) };
}

function decodeLuks(bytes: Buffer): LuksInfo | undefined {
  if (bytes.toString('latin1', 0, 6) !== 'LUKS\xba\xbe') return undefined;
  const text = (at: number, length: number): string =>
    bytes.toString('latin1', at, at + length).replace(/\0.*$/s, '');
  const [cipherMode = '', iv = ''] = text(40, 32).split('-');
  const [ivGenerator = '', ivHash] = iv.split(':');
  const keyBits = bytes.readUInt32BE(108) * 8;
  const slots = Array.from({ length: SLOT_COUNT }, (_, index) => {
    const at = SLOTS_AT + index * SLOT_BYTES;
    return {
      active: bytes.readUInt32BE(at) === SLOT_ACTIVE,
      iterations: bytes.readUInt32BE(at + 4),
      keyOffset: bytes.readUInt32BE(at + 40) * SECTOR_BYTES,
      stripes: bytes.readUInt32BE(at + 44),
    };
  });
  return {
    cipher: `${text(8, 32)}-${cipherMode === 'xts' ? keyBits / 2 : keyBits}`,
    ...{ cipherMode, ivGenerator, ivHash, hash: text(72, 32), uuid: text(168, 40), slots },
    payloadOffset: bytes.readUInt32BE(104) * SECTOR_BYTES,
    masterKeyIterations: bytes.readUInt32BE(164),
  };
}
