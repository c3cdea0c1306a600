/** Small devices for tests of the state machine, and what they answer. */

import { ImageError, type ImageErrorCode } from '../errors.ts';
import { type ZoneGeometryOptions, zoneGeometry } from './geometry.ts';
import { ZoneMachine } from './machine.ts';

export const KIB = 1024;
export const ZONE = 64 * KIB;

export function machineOf(options: Partial<ZoneGeometryOptions> = {}): ZoneMachine {
  return new ZoneMachine(
    zoneGeometry({
      size: 8 * ZONE,
      zoneSize: ZONE,
      maxAppendBytes: ZONE,
      ...options,
    }),
  );
}

export function conditions(machine: ZoneMachine): string[] {
  return Array.from(machine.states, (_, index) => machine.zone(index).condition);
}

export function refusal(run: () => unknown): ImageError {
  try {
    run();
  } catch (error) {
    if (error instanceof ImageError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

export function codeOf(run: () => unknown): ImageErrorCode {
  return refusal(run).code;
}
