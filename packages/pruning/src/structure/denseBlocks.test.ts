import { seeded, sizeOf } from '@espalier/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kernelMatrix } from '../kernelMatrix.js';
import { isKept, maskOf } from '../mask.js';
import { bitRowsOf, columnCounts, eachColumn, hasBit, rowCounts } from './bitRows.js';
import { denseBlocksOf, maskOfBlocks } from './denseBlocks.js';

const matrices = fc
  .record({
    outputs: fc.integer({ min: 1, max: 20 }),
    inputs: fc.integer({ min: 1, max: 30 }),
    kernel: fc.constantFrom(0, 1, 3),
    last: fc.boolean(),
    density: fc.constantFrom(0, 0.1, 0.5, 0.9, 1),
    seed: fc.nat(),
  })
  .map(({ outputs, inputs, kernel, last, density, seed }) => {
    const window = kernel === 0 ? [] : [kernel, kernel];
    const shape = last ? [...window, inputs, outputs] : [outputs, inputs, ...window];
    const rank = shape.length;
    const axes = {
      output: [last ? rank - 1 : 0],
      input: [last ? rank - 2 : 1],
      kernel: [],
      groups: 1,
    };
    const rng = seeded(seed);
    return {
      matrix: kernelMatrix({ shape, axes }),
      mask: maskOf(sizeOf(shape), () => rng.next() < density),
    };
  });

test('rows of bits are the mask, whatever the layout', () =>
  fc.assert(
    fc.property(matrices, ({ matrix, mask }) => {
      const rows = bitRowsOf(matrix, mask);
      const counts = columnCounts(rows, Array(matrix.rows).keys());
      let sum = 0;
      for (let row = 0; row < matrix.rows; row++) {
        const seen: number[] = [];
        eachColumn(rows, row, (column) => seen.push(column));
        const expected = Array.from({ length: matrix.columns }, (_, column) => column).filter((column) =>
          isKept(mask, matrix.index(row, column)),
        );
        expect(seen).toEqual(expected);
        expect(expected.every((column) => hasBit(rows, row, column))).toBe(true);
        expect(rowCounts(rows)[row]).toBe(expected.length);
        sum += expected.length;
      }
      expect(counts.reduce((total, count) => total + count, 0)).toBe(sum);
    }),
  ));

test('whatever the mask, the blocks found in it are the mask again', () =>
  fc.assert(
    fc.property(matrices, ({ matrix, mask }) => {
      const found = denseBlocksOf(bitRowsOf(matrix, mask));
      const rows = found.blocks.flatMap((block) => [...block.rows]);
      expect(new Set(rows).size).toBe(rows.length);
      expect(maskOfBlocks(matrix, found.blocks)).toEqual(mask);
    }),
  ));

test('rows with the same columns are one block', () => {
  const rows = ['1100', '0011', '1100', '0000', '0011'];
  const matrix = kernelMatrix({ shape: [5, 4], axes: { output: [0], input: [1], kernel: [], groups: 1 } });
  const text = rows.join('');
  expect(
    denseBlocksOf(
      bitRowsOf(
        matrix,
        maskOf(20, (i) => text[i] === '1'),
      ),
    ).blocks,
  ).toEqual([
    { rows: Uint32Array.of(0, 2), columns: Uint32Array.of(0, 1) },
    { rows: Uint32Array.of(1, 4), columns: Uint32Array.of(2, 3) },
  ]);
});
