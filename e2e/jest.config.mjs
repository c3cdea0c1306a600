import preset from '../jest.preset.mjs';

// Tests here start labs of their own: one file at a time.
export default { ...preset, displayName: 'e2e', maxWorkers: 1 };
