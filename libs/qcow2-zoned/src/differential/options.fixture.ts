/**
 * What an image is created as: the options of `qemu-img create` that change its structure, which go together, and
 * rows of them in which every pair of values that can meet does.
 */
import { KiB, MiB } from '../disk.fixture.ts';
import { randomFrom } from '../random.fixture.ts';

/** Every option and its values; the first value of each is the plainest. */
export const FACTORS = {
  compat: ['1.1', '0.10'],
  clusterSize: [64 * KiB, 512, KiB, 4 * KiB, 16 * KiB, 32 * KiB, 512 * KiB, 2 * MiB],
  refcountBits: [16, 1, 2, 4, 8, 32, 64],
  extendedL2: ['off', 'on'],
  lazyRefcounts: ['off', 'on'],
  compression: ['zlib', 'zstd'],
  preallocation: ['off', 'metadata', 'falloc', 'full'],
  /** Formats of the files below, the nearest first. */
  backing: ['none', 'qcow2', 'raw', 'qcow2,qcow2', 'qcow2,raw'],
  /** Virtual size of the files below, beside the disk's. */
  backingSize: ['same', 'shorter', 'longer'],
  dataFile: ['none', 'qcow2', 'raw'],
  madeBy: ['qemu', 'ours'],
} as const;

export type Factor = keyof typeof FACTORS;
export type Choice = { readonly [F in Factor]: (typeof FACTORS)[F][number] };
type Draft = { -readonly [F in Factor]: (typeof FACTORS)[F][number] };

/** Rows tried for one pair, the best of which is taken. */
const CANDIDATES = 100;
const NAMES = Object.keys(FACTORS) as Factor[];

/** Options that rule others out, as QEMU 7.2 does: where the first holds, the rest takes these values. */
const RULES: readonly (readonly [(choice: Choice) => boolean, Partial<Choice>])[] = [
  [
    ({ compat }) => compat === '0.10',
    {
      refcountBits: 16,
      extendedL2: 'off',
      lazyRefcounts: 'off',
      compression: 'zlib',
      dataFile: 'none',
    },
  ],
  [({ clusterSize }) => clusterSize < 16 * KiB, { extendedL2: 'off' }],
  [({ backing }) => backing === 'none', { backingSize: 'same' }],
  [
    ({ backing, extendedL2 }) => backing !== 'none' && extendedL2 === 'off',
    { preallocation: 'off' },
  ],
  [({ backing, dataFile }) => backing !== 'none' && dataFile === 'raw', { dataFile: 'qcow2' }],
];

/** Every pair of values of two options that can meet, meets in a row. The same rows in every process. */
export function coveringRows(allowed: (choice: Choice) => boolean = () => true): Choice[] {
  const random = randomFrom(20_260_101);
  const open = new Set(allPairs());
  const rows: Choice[] = [];
  for (const pair of allPairs()) {
    if (!open.has(pair)) continue;
    const candidates = Array.from({ length: CANDIDATES }, () => rowWith(pair, random)).filter(
      (row) => row !== undefined && allowed(row),
    ) as Choice[];
    // pairs that no row can have are not waited for
    if (candidates.length === 0) continue;
    const gain = (row: Choice): number => pairsOf(row).filter((one) => open.has(one)).length;
    const best = candidates.reduce((one, other) => (gain(other) > gain(one) ? other : one));
    for (const met of pairsOf(best)) open.delete(met);
    rows.push(best);
  }
  return rows;
}

/** The pairs of values that meet in a row, as text. */
export function pairsOf(choice: Choice): string[] {
  return NAMES.flatMap((one, index) =>
    NAMES.slice(index + 1).map((other) => `${one}=${choice[one]} ${other}=${choice[other]}`),
  );
}

/** The plainest choice, for a shrunk failure. */
export function simpler(choice: Choice): Choice[] {
  return NAMES.filter((name) => choice[name] !== FACTORS[name][0])
    .map((name) => legal({ ...choice, [name]: FACTORS[name][0] }))
    .filter((other) => pairsOf(other).join() !== pairsOf(choice).join());
}

/** `-o` of `qemu-img create`, files below and data file aside. */
export function createWords(choice: Choice): string {
  return [
    `compat=${choice.compat}`,
    `cluster_size=${choice.clusterSize}`,
    `preallocation=${choice.preallocation}`,
    ...(choice.compat === '1.1'
      ? [
          `refcount_bits=${choice.refcountBits}`,
          `extended_l2=${choice.extendedL2}`,
          `lazy_refcounts=${choice.lazyRefcounts}`,
          `compression_type=${choice.compression}`,
        ]
      : []),
  ].join(',');
}

function allPairs(): string[] {
  return NAMES.flatMap((one, index) =>
    NAMES.slice(index + 1).flatMap((other) =>
      FACTORS[one].flatMap((a) => FACTORS[other].map((b) => `${one}=${a} ${other}=${b}`)),
    ),
  );
}

function rowWith(pair: string, random: () => number): Choice | undefined {
  const wanted = new Map(pair.split(' ').map((word) => word.split('=') as [string, string]));
  const entries = NAMES.map((name) => {
    const values: readonly (string | number)[] = FACTORS[name];
    const value = values.find((one) => String(one) === wanted.get(name));
    return [name, value ?? values[Math.floor(random() * values.length)]];
  });
  const row = legal(Object.fromEntries(entries));
  const kept = [...wanted].every(([name, value]) => String(row[name as Factor]) === value);
  return kept ? row : undefined;
}

function legal(choice: Choice): Choice {
  const draft: Draft = { ...choice };
  for (const [rules, values] of RULES) if (rules(draft)) Object.assign(draft, values);
  return draft;
}
