import preset from '../../jest.preset.mjs';

// Jest leaves one core free, which on two cores is one test file at a time; this project has most of all test time.
export default { ...preset, displayName: 'qcow2-zoned', maxWorkers: 2 };
