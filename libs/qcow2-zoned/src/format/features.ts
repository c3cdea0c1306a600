/** The table in which an image names its feature bits to software that does not know them. */
import { ImageError } from '../errors.ts';
import type { Qcow2Header } from './header.ts';
import { EXTENSION, findExtension } from './header.ts';

export { AUTOCLEAR, COMPATIBLE, INCOMPATIBLE } from './feature-bits.ts';

const KIND = { incompatible: 0, compatible: 1, autoclear: 2 } as const;
type FeatureKind = keyof typeof KIND;

/** One entry: kind (u8), bit number (u8), name (46 bytes, zero padded). */
const NAME_ENTRY_BYTES = 48;
const NAME_BYTES = 46;

const NAMES: readonly [FeatureKind, number, string][] = [
  ['incompatible', 0, 'dirty bit'],
  ['incompatible', 1, 'corrupt bit'],
  ['incompatible', 2, 'external data file'],
  ['incompatible', 3, 'compression type'],
  ['incompatible', 4, 'extended L2 entries'],
  ['compatible', 0, 'lazy refcounts'],
  ['autoclear', 0, 'bitmaps'],
  ['autoclear', 1, 'raw external data'],
];
const ZONE_NAME: (typeof NAMES)[number] = ['autoclear', 62, 'zone table valid'];

/** Contents of the feature name table extension that we write: with the bit of zones, or as everybody writes it. */
export function encodeFeatureNames(zoned: boolean): Buffer {
  const names = zoned ? [...NAMES, ZONE_NAME] : NAMES;
  const bytes = Buffer.alloc(names.length * NAME_ENTRY_BYTES);
  names.forEach(([kind, bit, name], index) => {
    const at = index * NAME_ENTRY_BYTES;
    bytes.writeUInt8(KIND[kind], at);
    bytes.writeUInt8(bit, at + 1);
    bytes.write(name, at + 2, NAME_BYTES, 'utf8');
  });
  return bytes;
}

/** The name that the image itself gives to a feature bit, or its number. */
function featureName(header: Qcow2Header, kind: FeatureKind, bit: number): string {
  const table = findExtension(header, EXTENSION.featureNames) ?? Buffer.alloc(0);
  for (let at = 0; at + NAME_ENTRY_BYTES <= table.length; at += NAME_ENTRY_BYTES) {
    if (table[at] !== KIND[kind] || table[at + 1] !== bit) continue;
    const name = table.subarray(at + 2, at + NAME_ENTRY_BYTES);
    const end = name.indexOf(0);
    return name.toString('utf8', 0, end < 0 ? name.length : end);
  }
  return `unknown ${kind} feature bit ${bit}`;
}

/** Throws `unsupported_feature` naming every incompatible bit of `header` that is not in `supported`. */
export function refuseUnsupportedFeatures(header: Qcow2Header, supported: bigint): void {
  const unsupported = header.incompatibleFeatures & ~supported;
  if (unsupported === 0n) return;
  const names: string[] = [];
  for (let bit = 0; bit < 64; bit++)
    if (unsupported & (1n << BigInt(bit))) names.push(featureName(header, 'incompatible', bit));
  throw new ImageError('unsupported_feature', `Unsupported qcow2 feature(s): ${names.join(', ')}`, {
    field: 'incompatible_features',
    given: names.join(', '),
  });
}
