import preset from '../../jest.preset.mjs';

export default {
  ...preset,
  displayName: 'image-api:int',
  testMatch: ['<rootDir>/src/**/*.int-spec.ts'],
  maxWorkers: 1,
};
