import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { DevicePreset } from '../definition.ts';
import { renderValidation, runValidation } from './table.ts';

const card = (preset: DevicePreset) =>
  readFileSync(new URL(`../../../../docs/model-cards/${preset}.md`, import.meta.url), 'utf8');

describe.each<[DevicePreset]>([['zn540'], ['hm-smr'], ['femu-default']])('%s', (preset) => {
  const results = runValidation(preset);

  it('gives the published figures, each within its bound', () => {
    const unmet = results.filter(({ met }) => !met);
    expect(renderValidation(unmet)).toBe(renderValidation([]));
    expect(results.length).toBeGreaterThan(1);
  });

  it('has the table in its model card', () => {
    expect(card(preset)).toContain(renderValidation(results));
  });
});
