import { idleWork, seeded, stridesOf } from '@espalier/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MatrixLayout, TileQuery } from '../heatmap.js';
import { float32Entry, headOf, rawEntry } from '../testing/entries.js';
import { indexOfCell, matrixSize } from './layout.js';
import { heatmapTile } from './tile.js';
import { valuesInWindow } from './windowValues.js';

/** Shapes with the axes of the common conventions. */
const CONVENTIONS = [
  { rank: 2, axes: { output: [0], input: [1] } },
  { rank: 2, axes: { output: [1], input: [0] } },
  { rank: 3, axes: { output: [0], input: [1], kernel: [2] } },
  { rank: 3, axes: { output: [0, 1], input: [2] } },
  { rank: 4, axes: { output: [0], input: [1], kernel: [2, 3] } },
  { rank: 4, axes: { output: [3], input: [2], kernel: [0, 1] } },
  { rank: 4, axes: { output: [2, 3], input: [], kernel: [0, 1] } },
  { rank: 4, axes: { output: [3], input: [], kernel: [1, 2] } },
  { rank: 4, axes: { output: [1], input: [0], kernel: [2, 3] } },
  { rank: 5, axes: { output: [0], input: [1], kernel: [2, 3, 4] } },
  { rank: 1, axes: {} },
  { rank: 0, axes: {} },
  { rank: 3, axes: {} },
] as const;

const arbCase = fc
  .record({
    convention: fc.constantFrom(...CONVENTIONS),
    lengths: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 5, maxLength: 5 }),
    wide: fc.integer({ min: 0, max: 70 }),
    layout: fc.constantFrom<MatrixLayout>('kernel', 'channel', 'raw'),
    seed: fc.integer({ min: 0, max: 1e6 }),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 }),
    step: fc.integer({ min: 1, max: 7 }),
    signed: fc.boolean(),
  })
  .map(({ convention, lengths, wide, layout, seed, cuts, step, signed }) => {
    const shape = lengths.slice(0, convention.rank);
    if (shape.length > 1) shape[1]! += wide;
    const rng = seeded(seed);
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
      const kind = rng.below(20);
      if (kind < 8) return kind === 0 ? -0 : 0;
      if (kind === 8) return rng.below(2) ? Number.NaN : Number.NEGATIVE_INFINITY;
      return rng.normal();
    });
    const entry = float32Entry(shape, values);
    const head = headOf(entry, convention.axes as object);
    const channel = Math.floor(cuts[4]! * ((head.outputChannels ?? 1) - 1));
    const size = matrixSize(head, layout);
    const window = (length: number, from: number, to: number): [number, number] => {
      const begin = Math.min(length - 1, Math.floor(from * length));
      return [begin, begin + 1 + Math.floor(to * (length - begin - 1))];
    };
    const [rowBegin, rowEnd] = window(size.rows, cuts[0]!, cuts[1]!);
    const [columnBegin, columnEnd] = window(size.columns, cuts[2]!, cuts[3]!);
    const query: TileQuery = { layout, channel, rowBegin, rowEnd, columnBegin, columnEnd, step, signed };
    return { entry, head, values, query, size };
  });

const at = (values: Float32Array, shape: readonly number[], index: readonly number[] | null): number | null =>
  index === null ? null : values[stridesOf(shape).reduce((offset, stride, axis) => offset + stride * index[axis]!, 0)]!;

describe('a tile', () => {
  test('agrees with counting cell by cell', () =>
    fc.assert(
      fc.asyncProperty(arbCase, async ({ entry, head, values, query }) => {
        const high = 2;
        const stats = { kept: { count: 1, absmin: 0.1, std: 1, absMedian: 1, abs99: high } };
        const result = await heatmapTile(entry, head, query, stats.kept, idleWork());
        if (!result.ok) throw new Error(result.fault.message);
        const tile = result.value;
        for (let r = 0; r < tile.rows; r++) {
          for (let c = 0; c < tile.columns; c++) {
            const cells: number[] = [];
            for (
              let row = query.rowBegin + r * query.step;
              row < Math.min(query.rowEnd, query.rowBegin + (r + 1) * query.step);
              row++
            )
              for (
                let column = query.columnBegin + c * query.step;
                column < Math.min(query.columnEnd, query.columnBegin + (c + 1) * query.step);
                column++
              ) {
                const value = at(values, entry.shape, indexOfCell(head, query.layout, row, column, query.channel));
                if (value !== null) cells.push(value);
              }
            const place = r * tile.columns + c;
            const zeros = cells.filter((value) => value === 0).length;
            const finite = cells.filter((value) => Number.isFinite(value));
            expect(tile.zeroShare[place] === 255).toBe(cells.length > 0 && zeros === cells.length);
            expect(tile.zeroShare[place] === 0).toBe(zeros === 0);
            expect(Math.abs(tile.zeroShare[place]! - (255 * zeros) / Math.max(1, cells.length))).toBeLessThanOrEqual(1);
            expect(tile.nonFinite.includes(place)).toBe(finite.length < cells.length);
            const mean =
              finite.reduce((sum, value) => sum + (query.signed ? value : Math.abs(value)), 0) /
              Math.max(1, finite.length);
            const kept = finite.length - zeros;
            if (cells.length === 0) expect(tile.levels[place]).toBe(0);
            else if (query.signed)
              expect(
                Math.abs(tile.levels[place]! - Math.min(255, Math.max(1, 128 + (127 * mean) / high))),
              ).toBeLessThanOrEqual(1);
            else expect(tile.levels[place] === 0).toBe(kept === 0);
            if (!query.signed && kept > 0)
              expect(Math.abs(tile.levels[place]! - Math.min(255, (255 * mean) / high))).toBeLessThanOrEqual(1);
          }
        }
      }),
      { numRuns: 400 },
    ));

  test('every element has exactly one cell', () =>
    fc.assert(
      fc.property(arbCase, ({ entry, head, size, query }) => {
        const seen = new Set<string>();
        for (let row = 0; row < size.rows; row++)
          for (let column = 0; column < size.columns; column++) {
            const index = indexOfCell(head, query.layout, row, column, query.channel);
            if (index === null) continue;
            seen.add(index.join());
          }
        const perChannel = query.layout === 'channel' && head.outputChannels !== null;
        expect(seen.size).toBe(perChannel ? entry.elements / head.outputChannels! : entry.elements);
      }),
      { numRuns: 60 },
    ));

  test('single values are those of the cells', () =>
    fc.assert(
      fc.asyncProperty(arbCase, async ({ entry, head, values, query }) => {
        const result = await valuesInWindow(entry, head, query, idleWork());
        if (!result.ok) throw new Error(result.fault.message);
        result.value.values.forEach((value, cell) => {
          const row = query.rowBegin + Math.floor(cell / result.value.columns);
          const column = query.columnBegin + (cell % result.value.columns);
          expect(value).toBe(at(values, entry.shape, indexOfCell(head, query.layout, row, column, query.channel)));
        });
      }),
    ));
});

test('a kernel matrix of a convolution', () => {
  const head = headOf(float32Entry([4, 3, 5, 7], new Float32Array(420)), { output: [0], input: [1], kernel: [2, 3] });
  expect(matrixSize(head, 'kernel')).toEqual({ rows: 20, columns: 21, kernelRows: 5, kernelColumns: 7 });
  expect(indexOfCell(head, 'kernel', 11, 15)).toEqual([2, 2, 1, 1]);
  expect(matrixSize(head, 'channel')).toEqual({ rows: 5, columns: 21, kernelRows: 5, kernelColumns: 7 });
  expect(matrixSize(head, 'raw')).toEqual({ rows: 4, columns: 105, kernelRows: 1, kernelColumns: 1 });
});

test('zeros of a quantized tensor are its zero points, and only the window is read', async () => {
  const bytes = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i % 2 === 0 ? 7 : 9));
  const affine = {
    form: 'zero-point' as const,
    scales: Float32Array.of(0.5),
    zeroPoints: Float64Array.of(7.0004),
    axis: null,
  };
  const entry = rawEntry('U8', [1024, 1024], bytes, { affine });
  let read = 0;
  const { data } = entry;
  if (data.kind !== 'raw') throw new Error('raw');
  const source = {
    ...data.source,
    readInto: (target: Uint8Array, begin: number) => {
      read += target.length;
      return data.source.readInto(target, begin);
    },
  };
  const head = headOf(entry, { output: [0], input: [1] });
  const query: TileQuery = {
    layout: 'kernel',
    rowBegin: 500,
    rowEnd: 504,
    columnBegin: 10,
    columnEnd: 20,
    step: 2,
    signed: false,
  };
  const result = await heatmapTile({ ...entry, data: { ...data, source } }, head, query, undefined, idleWork());
  expect(result.ok && result.value.zeroShare.every((share) => share === 128)).toBe(true);
  expect(result.ok && result.value.high).toBeCloseTo(1, 1);
  expect(read).toBeLessThan(8192);
});

test('a window outside of the matrix is a fault', async () => {
  const entry = float32Entry([2, 2], [1, 2, 3, 4]);
  const query: TileQuery = {
    layout: 'raw',
    rowBegin: 0,
    rowEnd: 3,
    columnBegin: 0,
    columnEnd: 2,
    step: 1,
    signed: false,
  };
  const result = await heatmapTile(entry, headOf(entry), query, undefined, idleWork());
  expect(result).toMatchObject({ ok: false, fault: { code: 'heatmap/window' } });
});
