import { seeded } from '@espalier/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compressBlocks, compressRows } from './compress.js';
import { plainKernels, simdKernels } from './load.js';

const simd = simdKernels();
if (simd === null) throw new Error('the tests need WebAssembly SIMD');
const FORMS = [['plain', plainKernels()] as const, ['SIMD', simd] as const];

/** Around the tile, the panels, and what is packed at once. */
const SIDES = [0, 1, 3, 4, 5, 7, 8, 9, 16, 31, 33, 64];
const arbProblem = fc
  .record({
    rows: fc.constantFrom(...SIDES),
    inner: fc.constantFrom(...SIDES, 255, 256, 257, 513),
    columns: fc.constantFrom(...SIDES, 513),
    density: fc.constantFrom(0, 0.05, 0.5, 1),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
  })
  .map(({ rows, inner, columns, density, seed }) => {
    const rng = seeded(seed);
    const matrix = (length: number, share: number): Float32Array =>
      Float32Array.from({ length }, () => (rng.next() < share ? rng.normal() : 0));
    return { rows, inner, columns, a: matrix(rows * inner, density), b: matrix(inner * columns, 1) };
  });

type Problem = typeof arbProblem extends fc.Arbitrary<infer T> ? T : never;

/** The product in double precision, and what rounding every sum may amount to. */
function reference({ a, b, rows, inner, columns }: Problem): { product: Float64Array; error: Float64Array } {
  const product = new Float64Array(rows * columns);
  const error = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      for (let j = 0; j < columns; j++) {
        const term = a[i * inner + k]! * b[k * columns + j]!;
        product[i * columns + j]! += term;
        error[i * columns + j]! += Math.abs(term) * (inner + 2) * 2 ** -24;
      }
    }
  }
  return { product, error };
}

function expectProduct(found: Float32Array, problem: Problem, begin?: Float32Array): void {
  const { product, error } = reference(problem);
  for (let i = 0; i < product.length; i++) {
    const truth = product[i]! + (begin?.[i] ?? 0);
    const allowed = error[i]! + (begin === undefined ? 0 : Math.abs(truth) * 2 ** -23 + 1e-6);
    if (!(Math.abs(found[i]! - truth) <= allowed))
      throw new Error(`element ${i}: ${found[i]} for ${truth} ± ${allowed}`);
  }
}

describe.each(FORMS)('%s', (_, k) => {
  test('a dense product is that of f64, to rounding', () =>
    fc.assert(
      fc.property(arbProblem, (problem) => {
        const c = new Float32Array(problem.rows * problem.columns).fill(7);
        k.gemmFloat32(problem.a, problem.b, c, problem);
        expectProduct(c, problem);
      }),
      { numRuns: 150 },
    ));

  test('compressed rows give the same product', () =>
    fc.assert(
      fc.property(arbProblem, (problem) => {
        const { a, b, rows, inner, columns } = problem;
        const c = new Float32Array(rows * columns).fill(7);
        k.csrFloat32(compressRows(a, rows, inner), b, c, columns);
        expectProduct(c, problem);
      }),
      { numRuns: 150 },
    ));

  test('blocks of four rows give the same product, and zeros for rows that there are not', () =>
    fc.assert(
      fc.property(arbProblem, (problem) => {
        const { a, b, rows, inner, columns } = problem;
        const c = new Float32Array(4 * Math.ceil(rows / 4) * columns).fill(7);
        k.blocks4x1Float32(compressBlocks(a, rows, inner), b, c, columns);
        expectProduct(c, problem);
        expect(c.subarray(rows * columns).every((value) => value === 0)).toBe(true);
      }),
      { numRuns: 150 },
    ));

  test('a block whose rows and columns lie anywhere is added to what is there', () =>
    fc.assert(
      fc.property(arbProblem, fc.integer({ min: 0, max: 2 ** 31 }), (problem, seed) => {
        const { rows, inner, columns, b } = problem;
        const rng = seeded(seed);
        const pick = (length: number): Int32Array =>
          Int32Array.from({ length }, (__, i) => i).filter(() => rng.next() < 0.6);
        const [rowOf, columnOf] = [pick(rows), pick(inner)];
        const values = Float32Array.from({ length: rowOf.length * columnOf.length }, () => rng.normal());
        const a = new Float32Array(rows * inner);
        rowOf.forEach((row, i) => {
          columnOf.forEach((column, t) => {
            a[row * inner + column] = values[i * columnOf.length + t]!;
          });
        });
        const begin = Float32Array.from({ length: rows * columns }, () => rng.normal());
        const c = begin.slice();
        k.gatherGemmFloat32({ rowOf, columnOf, values }, b, c, columns);
        expectProduct(c, { ...problem, a }, begin);
      }),
      { numRuns: 150 },
    ));

  test('a product of bytes is exact', () =>
    fc.assert(
      fc.property(arbProblem, fc.integer({ min: 0, max: 2 ** 31 }), ({ rows, inner, columns }, seed) => {
        const rng = seeded(seed);
        const bytes = (length: number): Int8Array => Int8Array.from({ length }, () => rng.below(256) - 128);
        const [a, b] = [bytes(rows * inner), bytes(inner * columns)];
        const c = new Int32Array(rows * columns).fill(7);
        k.gemmInt8(a, b, c, { rows, inner, columns });
        const truth = reference({ a: Float32Array.from(a), b: Float32Array.from(b), rows, inner, columns }).product;
        expect(Float64Array.from(c)).toEqual(truth.map((value) => value + 0));
      }),
      { numRuns: 150 },
    ));
});

test('products of matrices in the memory of the kernels need no copy, and those that do not fit anywhere are done all the same', () => {
  const shape = { rows: 9, inner: 20, columns: 12 };
  const rng = seeded(1);
  const a = Float32Array.from({ length: 180 }, () => rng.normal());
  const b = Float32Array.from({ length: 240 }, () => rng.normal());
  const regions = [180, 240, 108].map((length) => simd.take(4 * length));
  const [x, y, z] = regions.map((region, i) => new Float32Array(region.buffer, region.byteOffset, [180, 240, 108][i]!));
  x!.set(a);
  y!.set(b);
  simd.gemmFloat32(x!, y!, z!, shape);
  expectProduct(z!, { ...shape, a, b });
  for (const region of regions) region.release();
  const wide = { rows: 1, inner: 1, columns: 3_000_000 };
  const c = new Float32Array(wide.columns);
  simd.gemmFloat32(Float32Array.of(2), new Float32Array(wide.columns).fill(3), c, wide);
  expect(c.every((value) => value === 6)).toBe(true);
});
