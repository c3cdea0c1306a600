import preset from '../jest.preset.mjs';

// Tests here start labs of their own: one file at a time, with time for a cold start.
export default { ...preset, displayName: 'e2e', testTimeout: 120_000, maxWorkers: 1 };
