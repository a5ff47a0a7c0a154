import { idleWork, seeded } from '@espalier/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kernelMatrix } from '../kernelMatrix.js';
import { isKept, maskOf } from '../mask.js';
import { bitRowsOf, hasBit } from './bitRows.js';
import { denseBlocksOf, maskOfBlocks } from './denseBlocks.js';
import { type RegroupOptions, regroupLayer } from './regroupLayer.js';

const work = idleWork();

const PAPER: RegroupOptions = {
  rule: { kind: 'paper', minRows: 4, minColumns: 3, share: 0.4, repeat: true },
  imbalance: 0.1,
  seed: 1,
};

const matrixOf = (rows: number, columns: number) =>
  kernelMatrix({ shape: [rows, columns], axes: { output: [0], input: [1], kernel: [], groups: 1 } });

const maskWith = (rows: number, columns: number, has: (row: number, column: number) => boolean) =>
  bitRowsOf(
    matrixOf(rows, columns),
    maskOf(rows * columns, (i) => has(Math.floor(i / columns), i % columns)),
  );

/** Masks as pruning leaves them: by chance, with channels and inputs that are weaker than others, or in hidden groups. */
const masks = fc
  .record({
    rows: fc.integer({ min: 1, max: 70 }),
    columns: fc.integer({ min: 1, max: 60 }),
    density: fc.constantFrom(0, 0.05, 0.3, 0.7, 1),
    kind: fc.constantFrom('chance', 'uneven', 'hidden'),
    seed: fc.nat(),
  })
  .map(({ rows, columns, density, kind, seed }) => {
    const rng = seeded(seed);
    const strength = Array.from({ length: columns }, () => 2 * rng.next());
    return maskWith(rows, columns, (row, column) => {
      if (kind === 'chance') return rng.next() < density;
      if (kind === 'uneven') return rng.next() < density * strength[column]!;
      return rng.next() < (row % 3 === column % 3 ? density : density / 4);
    });
  });

const rules = fc.oneof(
  fc
    .record({
      minRows: fc.integer({ min: 1, max: 12 }),
      minColumns: fc.integer({ min: 1, max: 12 }),
      share: fc.constantFrom(0.1, 0.4, 1),
      repeat: fc.boolean(),
    })
    .map((rule) => ({ kind: 'paper', ...rule }) as const),
  fc.record({
    kind: fc.constantFrom('training' as const, 'inference' as const),
    t1: fc.constantFrom(0.5, 1.5, 4),
    nn: fc.integer({ min: 1, max: 32 }),
    b2: fc.integer({ min: 0, max: 16 }),
  }),
);

const options = fc.record({
  rule: rules,
  imbalance: fc.constantFrom(0, 0.1, 1),
  seed: fc.nat(),
  groups: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
});

const optionsOf = ({ groups, ...rest }: Omit<RegroupOptions, 'groups'> & { groups: number | undefined }) =>
  groups === undefined ? rest : { ...rest, groups };

test('blocks are rows × columns with no row in two of them, and every row with weights is in one or lost', () =>
  fc.assert(
    fc.asyncProperty(masks, options, async (mask, given) => {
      const found = await regroupLayer(mask, optionsOf(given), work);
      const rows = found.blocks.flatMap((block) => [...block.rows]);
      expect(new Set(rows).size).toBe(rows.length);
      const withWeights = Array.from({ length: mask.rows }, (_, row) => row).filter((row) =>
        Array.from({ length: mask.columns }, (_, column) => column).some((column) => hasBit(mask, row, column)),
      );
      expect(rows.every((row) => withWeights.includes(row))).toBe(true);
      expect(found.rowsLost).toBe(withWeights.length - rows.length);
      for (const block of found.blocks) {
        expect(new Set(block.columns).size).toBe(block.columns.length);
        expect(Math.max(...block.columns)).toBeLessThan(mask.columns);
        if (given.rule.kind !== 'paper') continue;
        expect(block.rows.length).toBeGreaterThanOrEqual(given.rule.minRows);
        expect(block.columns.length).toBeGreaterThanOrEqual(given.rule.minColumns);
      }
    }),
  ));

test('what is told of a layer is what can be counted; the blocks are found in the mask again', () =>
  fc.assert(
    fc.asyncProperty(masks, options, async (mask, given) => {
      const found = await regroupLayer(mask, optionsOf(given), work);
      expect(await regroupLayer(mask, optionsOf(given), work)).toEqual(found);
      const matrix = matrixOf(mask.rows, mask.columns);
      const bits = maskOfBlocks(matrix, found.blocks);
      let weights = 0;
      let captured = 0;
      for (let row = 0; row < mask.rows; row++) {
        for (let column = 0; column < mask.columns; column++) {
          if (!hasBit(mask, row, column)) continue;
          weights++;
          if (isKept(bits, matrix.index(row, column))) captured++;
        }
      }
      expect([found.weights, found.captured, found.cells]).toEqual([weights, captured, bits.kept]);
      expect(maskOfBlocks(matrix, denseBlocksOf(bitRowsOf(matrix, bits)).blocks)).toEqual(bits);
    }),
  ));

test('columns of the paper: in the block are exactly those that enough of its rows share', () =>
  fc.assert(
    fc.asyncProperty(masks, fc.nat(), async (mask, seed) => {
      const { blocks } = await regroupLayer(mask, { ...PAPER, seed }, work);
      for (const { rows, columns } of blocks) {
        for (let column = 0; column < mask.columns; column++) {
          const count = rows.filter((row) => hasBit(mask, row, column)).length;
          expect(columns.includes(column)).toBe(count / rows.length >= 0.4 - 1e-12);
        }
      }
    }),
  ));

describe('masks that leave nothing to group', () => {
  const all = async (has: (row: number, column: number) => boolean, rows = 40, columns = 24) =>
    regroupLayer(maskWith(rows, columns, has), PAPER, work);

  test('empty', async () =>
    expect(await all(() => false)).toMatchObject({ blocks: [], weights: 0, captured: 0, rowsLost: 0 }));

  test('full: everything stays', async () =>
    expect(await all(() => true)).toMatchObject({ weights: 960, captured: 960, cells: 960, rowsLost: 0 }));

  test('one row', async () => expect(await all((row) => row === 7)).toMatchObject({ blocks: [], rowsLost: 1 }));

  test('one column', async () =>
    expect(await all((_, column) => column === 3)).toMatchObject({ blocks: [], rowsLost: 40 }));

  test('one weight', async () => expect(await all(() => true, 1, 1)).toMatchObject({ blocks: [], rowsLost: 1 }));
});

test('rows without a block are grouped again until none is found', async () => {
  // Of two groups of 6 rows, of which each has 3 columns of its own, those that found no company at first are 4 rows of a third kind.
  const mask = maskWith(16, 12, (row, column) => Math.floor(column / 4) === (row < 6 ? 0 : row < 12 ? 1 : 2));
  const once = await regroupLayer(
    mask,
    { ...PAPER, groups: 2, rule: { kind: 'paper', minRows: 4, minColumns: 3, share: 0.6, repeat: false } },
    work,
  );
  const often = await regroupLayer(
    mask,
    { ...PAPER, groups: 2, rule: { kind: 'paper', minRows: 4, minColumns: 3, share: 0.6, repeat: true } },
    work,
  );
  expect(often.captured).toBeGreaterThanOrEqual(once.captured);
  expect(often.rowsLost).toBeLessThanOrEqual(once.rowsLost);
});

test('searching finds more than the order of the file, where groups lie among each other', async () => {
  const rng = seeded(3);
  const mask = maskWith(256, 576, (row, column) => rng.next() < (row % 8 === Math.floor(column / 72) ? 0.7 : 0.08));
  const found = await regroupLayer(
    mask,
    { ...PAPER, rule: { kind: 'paper', minRows: 8, minColumns: 8, share: 0.4, repeat: true } },
    work,
  );
  expect(found.blocks.map(({ rows, columns }) => [rows.length, columns.length])).toEqual(Array(8).fill([32, 72]));
  expect(found.captured / found.weights).toBeGreaterThan(0.5);
  expect(found.inOrder).toEqual({ captured: 0, cells: 0 });
});
