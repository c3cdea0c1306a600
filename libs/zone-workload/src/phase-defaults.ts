/** What a phase does where its definition does not say; the zones it uses depend on the device. */
import type { PhaseDefinition, PhaseKind } from './definition.ts';
import { DEFAULT_BLOCK_BYTES, WRITER_BLOCK_BYTES } from './limits.ts';

type Fields<P> = P extends PhaseDefinition ? Partial<Omit<P, 'zones' | 'kind'>> : never;

export function phaseDefaults(kind: PhaseKind): Fields<PhaseDefinition> {
  const common = {
    name: kind,
    blockSize: DEFAULT_BLOCK_BYTES,
    queueDepth: 1,
    jobs: 1,
    alongside: false,
    rate: 0,
    thinkNs: 0,
    overLimit: 'reject' as const,
  };
  const writer = { ...common, resetFrequency: 0, resetThreshold: 0 };
  const distribution = { kind: 'uniform' } as const;
  const overProvisioning = 0.1;
  switch (kind) {
    case 'seq-write':
    case 'zone-append':
    case 'mixed':
      return writer;
    case 'multi-stream':
      return { ...writer, streams: 4, distribution };
    case 'random-write':
      return { ...common, overProvisioning, distribution, readShare: 0, fillFirst: true };
    case 'trace':
      return { ...common, overProvisioning, translation: 'log', speed: 1 };
    case 'rocksdb-zenfs':
    case 'f2fs':
    case 'btrfs':
    case 'smr-streams':
      return { ...common, blockSize: WRITER_BLOCK_BYTES, liveShare: 0.6 };
    case 'reset-churn':
      return { ...common, fill: 1, finish: false };
    case 'random-read':
    case 'random-read-below-wp':
      return { ...common, distribution };
    default:
      return common;
  }
}
