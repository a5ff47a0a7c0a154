import { sizeOf, stridesOf, unravel } from '@espalier/base';
import { memorySource } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { extentOf, isContiguous, stridedData } from './strided.js';

// Seconds of work on a machine that does nothing else.
vi.setConfig({ testTimeout: 60_000 });

const arbShape = fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 4 });

/** A shape with the strides of a permuted, stepped or expanded view. */
const arbView = fc
  .tuple(arbShape, fc.nat(), fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 }))
  .map(([shape, seed, steps]) => {
    const order = shape.map((_, axis) => axis).sort((a, b) => ((a * 7 + seed) % 5) - ((b * 7 + seed) % 5));
    const padded = order.map((axis) => shape[axis]! + (seed % 2));
    const base = stridesOf(padded);
    const strides = shape.map((_, axis) => base[order.indexOf(axis)]! * Math.min(steps[axis]!, 2));
    return { shape, strides };
  });

test('a strided view has the values of its definition, in any range', () =>
  fc.assert(
    fc.asyncProperty(
      arbView,
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 0, max: 3 }),
      async ({ shape, strides }, a, b, skip) => {
        const numbers = Float32Array.from({ length: skip + extentOf(shape, strides) }, (_, i) => i * 1.5 - 7);
        const data = stridedData({
          source: memorySource('x', new Uint8Array(numbers.buffer)),
          dtype: 'F32',
          shape,
          strides,
          begin: 4 * skip,
        });
        const elements = sizeOf(shape);
        const begin = a % elements;
        const count = b % (elements - begin + 1);
        const expected = Array.from({ length: count }, (_, i) => {
          const index = unravel(begin + i, shape);
          return numbers[skip + index.reduce((place, at, axis) => place + at * strides[axis]!, 0)];
        });
        expect([...(await data.read(begin, count))]).toEqual(expected);
      },
    ),
  ));

test('a view wider than one window is gathered from several', async () => {
  const [rows, columns] = [5, 1_000_003];
  const numbers = Float32Array.from({ length: rows * columns }, (_, i) => i);
  // The transposed matrix: each of its rows has one element in each of five far places.
  const data = stridedData({
    source: memorySource('x', new Uint8Array(numbers.buffer)),
    dtype: 'F32',
    shape: [columns, rows],
    strides: [1, columns],
    begin: 0,
  });
  const values = await data.read(1_000_000, 1_000_000);
  const wrong = values.findIndex((value, i) => {
    const at = 1_000_000 + i;
    return value !== Math.fround((at % rows) * columns + Math.floor(at / rows));
  });
  expect(wrong).toBe(-1);
});

test.each([
  ['U16', [0x01, 0x02, 0xff, 0xfe], [0x0102, 0xfffe]],
  ['I32', [0x80, 0, 0, 0, 0, 0, 1, 0], [-(2 ** 31), 256]],
  ['C64', [0x40, 0x40, 0, 0, 0xc0, 0x80, 0, 0], [5]],
] as const)('big-endian %s', async (dtype, bytes, expected) => {
  const shape = [expected.length];
  const data = stridedData({
    source: memorySource('x', Uint8Array.from(bytes)),
    dtype,
    shape,
    strides: [1],
    begin: 0,
    bigEndian: true,
  });
  expect([...(await data.read(0, expected.length))]).toEqual(expected);
});

describe('isContiguous', () => {
  test.each([
    [[2, 3], [3, 1], true],
    [[2, 3], [1, 2], false],
    [[1, 3], [99, 1], true],
    [[2, 3], [6, 1], false],
    [[], [], true],
  ])('%j with strides %j is %s', (shape, strides, expected) => expect(isContiguous(shape, strides)).toBe(expected));
});
