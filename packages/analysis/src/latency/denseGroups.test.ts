import { seeded } from '@espalier/base';
import { plainKernels } from '@espalier/kernels';
import { expect, test } from 'vitest';
import { denseGroups } from './denseGroups.js';

/** Row i belongs to group i mod `groups`, whose columns are its own; every seventh row is empty. */
function regrouped(rows: number, inner: number, groups: number): Float32Array {
  const rng = seeded(1);
  return Float32Array.from({ length: rows * inner }, (_, at) => {
    const [row, column] = [Math.floor(at / inner), at % inner];
    return row % 7 !== 6 && Math.floor((column * groups) / inner) === row % groups ? rng.normal() : 0;
  });
}

test('blocks are found wherever their rows and columns lie, and multiply to the same', () => {
  const [rows, inner, columns] = [42, 24, 5];
  const weights = regrouped(rows, inner, 3);
  const found = denseGroups(weights, rows, inner)!;
  expect(found.map(({ rowOf, columnOf }) => [rowOf.length, columnOf.length])).toEqual(Array(3).fill([12, 8]));
  const rng = seeded(2);
  const b = Float32Array.from({ length: inner * columns }, () => rng.normal());
  const [expected, c] = [new Float32Array(rows * columns), new Float32Array(rows * columns)];
  const k = plainKernels();
  k.gemmFloat32(weights, b, expected, { rows, inner, columns });
  for (const group of found) k.gatherGemmFloat32(group, b, c, columns);
  for (const [at, value] of c.entries()) expect(value).toBeCloseTo(expected[at]!, 5);
});

test('there are none without zeros, without structure, and where channels are merely empty', () => {
  const rng = seeded(3);
  expect(denseGroups(new Float32Array(64).fill(1), 8, 8), 'full').toBeNull();
  expect(denseGroups(new Float32Array(64), 8, 8), 'empty').toBeNull();
  expect(
    denseGroups(
      Float32Array.from({ length: 64 * 64 }, () => (rng.next() < 0.5 ? 0 : 1)),
      64,
      64,
    ),
  ).toBeNull();
  expect(denseGroups(regrouped(28, 12, 1), 28, 12), 'one block').toBeNull();
  expect(denseGroups(regrouped(9, 12, 3), 9, 12), 'three rows each').toBeNull();
});
