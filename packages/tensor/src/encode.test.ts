import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeValues } from './decode.js';
import type { Dtype } from './dtype.js';
import { encodeValues, toBfloat16, toHalf } from './encode.js';
import { fromBfloat16, fromHalf } from './half.js';

test('every half and every bfloat16 comes back from its number', () => {
  for (let bits = 0; bits < 65_536; bits++) {
    const half = fromHalf(bits);
    if (!Number.isNaN(half) && toHalf(half) !== bits) expect([bits, toHalf(half)]).toEqual([bits, bits]);
    const brain = fromBfloat16(bits);
    if (!Number.isNaN(brain) && toBfloat16(brain) !== bits) expect([bits, toBfloat16(brain)]).toEqual([bits, bits]);
  }
  expect(fromHalf(toHalf(Number.NaN))).toBeNaN();
  expect(fromBfloat16(toBfloat16(Number.NaN))).toBeNaN();
});

test('numbers between two halves go to the nearer, from the middle to the even one', () =>
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0x7bfe }), fc.double({ min: 0, max: 1, noNaN: true }), (bits, share) => {
      const [low, high] = [fromHalf(bits), fromHalf(bits + 1)];
      const value = low + share * (high - low);
      const middle = (low + high) / 2;
      const expected = value === middle ? bits + (bits % 2) : value < middle ? bits : bits + 1;
      expect(toHalf(value)).toBe(expected);
      expect(toHalf(-value)).toBe(expected | 0x8000);
    }),
  ));

test('what is beyond the largest is infinite', () => {
  expect(toHalf(65_519)).toBe(0x7bff);
  expect(toHalf(65_520)).toBe(0x7c00);
  expect(toBfloat16(3.4e38)).toBe(0x7f80);
});

test.each<Dtype>(['F64', 'F32', 'F16', 'BF16', 'I64', 'I32', 'I16', 'I8', 'U64', 'U32', 'U16', 'U8', 'BOOL'])(
  '%s is decoded to the numbers that were encoded',
  (dtype) => {
    const values = dtype === 'BOOL' ? [0, 1, 1] : dtype.startsWith('U') ? [0, 7, 200] : [0, -7, 100, -100];
    const bytes = encodeValues(dtype, values);
    if (!(bytes instanceof Uint8Array)) throw new Error(`misfit ${bytes.misfit}`);
    expect([...decodeValues(dtype, bytes, values.length)]).toEqual(values);
  },
);

test.each<Dtype>(['F8_E4M3', 'F8_E5M2', 'F8_E4M3FNUZ', 'F8_E5M2FNUZ', 'F8_E8M0'])(
  'every number of %s comes back as its bits',
  (dtype) => {
    const values = decodeValues(
      dtype,
      Uint8Array.from({ length: 256 }, (_, bits) => bits),
      256,
    );
    const bytes = encodeValues(dtype, values);
    if (!(bytes instanceof Uint8Array)) throw new Error(`misfit ${bytes.misfit}`);
    expect(decodeValues(dtype, bytes, 256)).toEqual(values);
    expect(bytes.filter((bits, i) => bits !== i && !Number.isNaN(values[i]))).toHaveLength(0);
  },
);

test.each<[Dtype, number[], number]>([
  ['F8_E4M3', [1, 1.01], 1],
  ['I8', [1, 128], 1],
  ['U8', [-1], 0],
  ['I64', [0, 0.5], 1],
  ['BOOL', [2], 0],
  ['I64', [2 ** 53 - 1, 2 ** 53], 1],
])('%s does not hold %j', (dtype, values, misfit) => expect(encodeValues(dtype, values)).toEqual({ misfit }));
