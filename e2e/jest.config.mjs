import preset from '../jest.preset.mjs';

// Tests here start labs of their own: one file at a time. Those with guests are left out where a user says so.
export default {
  ...preset,
  displayName: 'e2e',
  maxWorkers: 1,
  testPathIgnorePatterns: process.env.ZONELAB_WITHOUT_GUESTS ? ['/guest-[^/]*$'] : [],
};
