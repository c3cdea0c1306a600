/** What our engine does so far. */
import type { Choice } from './options.fixture.ts';
import type { Step } from './steps.fixture.ts';

const OPS: readonly Step['op'][] = [
  'write',
  'compressed',
  'zeroes',
  'discard',
  'flush',
  'reopen',
  'swap',
  'snapshot',
  'apply',
  'delete',
  'resize',
  'commit',
  'rebase',
];

/** Each compressed cluster in a host cluster is a reference: a snapshot's would not fit in fewer bits. */
const BITS_FOR_COMPRESSED_SNAPSHOTS = 8;

export const LANDED = {
  choice: (_choice: Choice): boolean => true,
  step: (op: Step['op'], { compat, backing, refcountBits, dataFile }: Choice): boolean => {
    if (!OPS.includes(op)) return false;
    if (op === 'snapshot') return refcountBits > 1 && dataFile === 'none';
    // version 2 has no zero clusters: a discard shows what lies below in QEMU, and leaves zeroes in ours
    const canDiscard = compat === '1.1' || backing === 'none';
    if (op === 'discard') return canDiscard;
    if (op !== 'compressed') return true;
    const hasBits = refcountBits === 1 || refcountBits >= BITS_FOR_COMPRESSED_SNAPSHOTS;
    return dataFile === 'none' && hasBits && canDiscard;
  },
};
