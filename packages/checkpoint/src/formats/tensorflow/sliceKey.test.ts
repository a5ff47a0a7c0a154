import { expect, test } from 'vitest';
import { sliceKey } from './sliceKey.js';

const hex = (key: string): string => [...key].map((char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('');

/** Keys that TensorFlow 2.21 wrote (tf.raw_ops.SaveV2 with shape_and_slices). */
test.each([
  ['t', [[0, 63]], '00740001010180bf'],
  ['t', [[63, 1]], '007400010101bf81'],
  ['t', [[64, 8128]], '007400010101c040dfc0'],
  ['t', [[8192, 1_040_384]], '007400010101e02000efe000'],
  ['t', [[1_048_576, 1_951_424]], '007400010101f0100000f01dc6c0'],
  [
    '\xc3\xa9x',
    [
      [0, -1],
      [0, 3],
    ],
    '00c3a97800010102807f8083',
  ],
] as const)('%s %j', (name, slice, expected) => {
  expect(
    hex(
      sliceKey(
        name,
        slice.map(([start, length]) => ({ start, length })),
      ),
    ),
  ).toBe(expected);
});

test('a name with the bytes of the encoding itself is escaped', () => {
  expect(hex(sliceKey('a\0\xff', []))).toBe('006100ffff00000100');
});
