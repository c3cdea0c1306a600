import { expect, it } from '@jest/globals';
import { errorOf, type Field, fieldsOf, type Schema, typedValue } from './schema.ts';

const SCHEMA: Schema = {
  type: 'object',
  properties: {
    kind: { type: 'string', const: 'mixed' },
    blockSize: { type: 'integer', unit: 'bytes', minimum: 512, maximum: 65_536 },
    share: { type: 'number', exclusiveMinimum: 0, maximum: 1 },
    audit: { type: 'boolean' },
    block: { type: 'number', enum: [512, 4096] },
    zones: { type: 'object', properties: { first: { type: 'integer', minimum: 0 } } },
    drawn: {
      oneOf: [
        { properties: { kind: { const: 'uniform' } } },
        { properties: { kind: { const: 'zipf' }, theta: { type: 'number' } } },
      ],
    },
  },
};

it('makes the value of what was typed, and leaves out the rest', () => {
  expect(typedValue(SCHEMA, {})).toEqual({});
  const typed = {
    ...{ blockSize: '64K', share: '0.5', audit: 'false', block: '4096', 'zones.first': '3' },
    ...{ 'drawn.kind': 'zipf', 'drawn.theta': '1.2' },
  };
  expect(typedValue(SCHEMA, typed)).toEqual({
    ...{ blockSize: 65_536, share: 0.5, audit: false, block: 4096, zones: { first: 3 } },
    drawn: { kind: 'zipf', theta: 1.2 },
  });
});

it.each([
  ['blockSize', '64K', undefined],
  ['blockSize', '128K', 'At most 64 KiB.'],
  ['blockSize', 'large', 'A size, as 4096 or 64K.'],
  ['blockSize', '1.5', 'A size, as 4096 or 64K.'],
  ['share', '0', 'Above 0.'],
  ['share', 'half', 'A number.'],
  ['share', '', undefined],
])('says of %s %p: %p', (name, text, message) => {
  const field = fieldsOf(SCHEMA).find((one) => one.name === name) as Field;
  expect(errorOf(field, text)).toBe(message);
});
