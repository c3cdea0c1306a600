import preset from '../../jest.preset.mjs';

export default { ...preset, displayName: 'qcow2-zoned' };
