/** `zonelab sim --validate`: the simulated devices beside what was published of real ones. */
import { DEVICE_PRESETS, renderValidation, runValidation } from '@zonelab/zone-workload';
import { usageError } from '../errors.ts';
import { jsonText, type Output, type OutputForm } from '../output.ts';

/** Exit code: 1 where a check is not met. */
export function validatePresets(preset: string | true, form: OutputForm, out: Output): number {
  const chosen = DEVICE_PRESETS.find((name) => name === preset);
  if (preset !== true && !chosen) {
    throw usageError('--validate', preset, `nothing, or one of ${DEVICE_PRESETS.join(', ')}`);
  }
  const results = runValidation(chosen);
  if (form === 'human') out.write(renderValidation(results));
  else {
    out.write(
      jsonText(
        results.map(({ check, simulated, error, met }) => {
          const { id, preset: of, what, published, unit, within, source } = check;
          return { id, preset: of, what, published, simulated, unit, error, within, met, source };
        }),
      ),
    );
  }
  return results.every(({ met }) => met) ? 0 : 1;
}
