/** Whether a log-structured translation fits into the zones of its phase, and how large its logical space is. */
import type { ZonedGeometry } from '@zonelab/qcow2-zoned';
import { MAX_MAPPED_BLOCKS } from './limits.ts';
import type { Problems } from './problems.ts';
import type { ResolvedPhase } from './resolve.ts';

/** Zones that are no part of the logical space: one to write, one to relocate into, and two in hand. */
const SPARE_ZONES = 4;

interface Translated {
  readonly zones: { readonly count: number };
  readonly blockSize: number;
  readonly overProvisioning: number;
}

/** Blocks that the host can address. */
export function logicalBlocksOf(
  { zones, blockSize, overProvisioning }: Translated,
  { zoneCapacity }: ZonedGeometry,
): number {
  const perZone = Math.floor(zoneCapacity / blockSize);
  const byShare = Math.floor(zones.count * perZone * (1 - overProvisioning));
  return Math.min(byShare, (zones.count - SPARE_ZONES) * perZone);
}

export function checkTranslation(
  path: string,
  phase: ResolvedPhase,
  geometry: ZonedGeometry,
  problems: Problems,
): void {
  if (phase.kind === 'trace' && phase.translation !== 'log') return;
  if (phase.kind !== 'trace' && phase.kind !== 'random-write') return;
  const { zones, blockSize, overProvisioning } = phase;
  if (!(overProvisioning > 0 && overProvisioning < 1)) {
    problems.add(`${path}.overProvisioning`, overProvisioning, 'a number above 0 and below 1');
    return;
  }
  if (zones.count <= SPARE_ZONES) {
    const allowed = `more than ${SPARE_ZONES}: a translation needs that many besides its data`;
    problems.add(`${path}.zones.count`, zones.count, allowed);
    return;
  }
  if (geometry.size % geometry.zoneSize !== 0 && zones.count > 1) {
    const allowed = 'a multiple of the zone size, where a translation uses the last zone';
    problems.add('device.geometry.size', geometry.size, allowed);
  }
  if (geometry.zoneCapacity % blockSize !== 0) {
    const allowed = `a divisor of the zone capacity ${geometry.zoneCapacity}, for a translation`;
    problems.add(`${path}.blockSize`, blockSize, allowed);
  }
  const blocks = (zones.count * geometry.zoneCapacity) / blockSize;
  if (blocks > MAX_MAPPED_BLOCKS) {
    const fits = Math.ceil((zones.count * geometry.zoneCapacity) / MAX_MAPPED_BLOCKS);
    const allowed = `at least ${fits}, or fewer zones: a translation maps at most ${MAX_MAPPED_BLOCKS} blocks`;
    problems.add(`${path}.blockSize`, blockSize, allowed);
  }
}
