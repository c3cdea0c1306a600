/** From a resolved device to the model that times it. */
import type { ResolvedDevice } from '../resolve.ts';
import { DiskTimingModel } from './disk/disk-timing.ts';
import { FlashTimingModel } from './flash/flash-timing.ts';
import { ConstantTiming, type TimingModel } from './timing.ts';

/** @param seed for what the device itself draws. */
export function createTiming({ timing, geometry }: ResolvedDevice, seed: number): TimingModel {
  switch (timing.model) {
    case 'constant':
      return new ConstantTiming(timing.serviceTimeNs);
    case 'flash':
      return new FlashTimingModel(timing.flash, geometry, seed);
    case 'disk':
      return new DiskTimingModel(timing.disk, geometry);
  }
}
