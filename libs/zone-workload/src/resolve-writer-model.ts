/** Whether a model of a real writer finds on the device what it needs. */
import type { ZonedGeometry } from '@zonelab/qcow2-zoned';
import type { Problems } from './problems.ts';
import type { ResolvedPhase } from './resolve.ts';
import {
  WRITER_MODELS,
  type WriterModel,
  type WriterModelName,
  zonesHeld,
} from './workload/writer-models.ts';

export function checkWriterModel(
  path: string,
  { kind, zones, blockSize, overLimit }: ResolvedPhase,
  geometry: ZonedGeometry,
  problems: Problems,
): void {
  const model: WriterModel | undefined = WRITER_MODELS[kind as WriterModelName];
  if (!model) return;
  const { maxActiveZones, maxAppendBytes, conventionalZones, zoneCapacity } = geometry;
  const held = zonesHeld(model);
  const needed = 2 * held + 2;
  if (zones.count < needed) {
    problems.add(`${path}.zones.count`, zones.count, `at least ${needed}, for ${kind}`);
  }
  if (overLimit === 'reject' && maxActiveZones !== 0 && held > maxActiveZones) {
    const allowed = `at least ${held} or 0, for ${kind}, or overLimit: count`;
    problems.add('device.geometry.maxActiveZones', maxActiveZones, allowed);
  }
  if (model.records === 'conventional' && conventionalZones === 0) {
    const allowed = `at least 1: ${kind} keeps its checkpoints there`;
    problems.add('device.geometry.conventionalZones', conventionalZones, allowed);
  }
  if (model.appends && blockSize > maxAppendBytes) {
    const allowed = `at most device.geometry.maxAppendBytes (${maxAppendBytes}): ${kind} appends`;
    problems.add(`${path}.blockSize`, blockSize, allowed);
  }
  if (zoneCapacity % blockSize !== 0) {
    const allowed = `a divisor of the zone capacity ${zoneCapacity}, for ${kind}`;
    problems.add(`${path}.blockSize`, blockSize, allowed);
  }
}
