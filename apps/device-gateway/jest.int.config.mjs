import preset from '../../jest.preset.mjs';

export default {
  ...preset,
  displayName: 'device-gateway:int',
  testMatch: ['<rootDir>/src/**/*.int-spec.ts'],
  maxWorkers: 1,
};
