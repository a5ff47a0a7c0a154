import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRaster, type Paper, paintTile, paintWhole } from './raster.js';
import { EMPTY, type Tile } from './shade.js';
import { pixelGrid, type View } from './viewport.js';

const FLAT: Paper = { paper: 1, unknown: 2, hatch: null };
const HATCHED: Paper = { ...FLAT, hatch: { colour: 3, periodPixels: 4, linePixels: 1, phase: 0 } };

const grid = (columns: readonly number[], rows: readonly number[]) => ({
  columns: Int32Array.from(columns),
  rows: Int32Array.from(rows),
});

function tile(rows: number, columns: number, more: Partial<Tile> = {}): Tile {
  const bytes = new Uint8Array(rows * columns);
  return {
    rowBegin: 0,
    columnBegin: 0,
    step: 1,
    rows,
    columns,
    levels: bytes,
    zeroShare: bytes,
    nonFinite: new Set(),
    low: 0,
    high: 1,
    ...more,
  };
}

const lines = (raster: { pixels: Uint32Array; width: number }) =>
  Array.from({ length: raster.pixels.length / raster.width }, (_, y) =>
    [...raster.pixels.slice(y * raster.width, (y + 1) * raster.width)].join(' '),
  );

test('a small picture loses no tile that is not all zero', () =>
  fc.assert(
    fc.property(
      fc.record({ rows: fc.integer({ min: 1, max: 40 }), columns: fc.integer({ min: 1, max: 40 }) }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 12 }),
      fc.nat(),
      ({ rows, columns }, width, height, place) => {
        const colours = new Uint32Array(rows * columns).fill(EMPTY);
        colours[place % colours.length] = 7;
        const pixels = new Uint32Array(width * height);
        paintWhole({ pixels, width, height }, { rows, columns }, colours, 1);
        if (width <= columns && height <= rows) expect(pixels).toContain(7);
        expect(pixels.every((pixel) => pixel === 1 || pixel === 7)).toBe(true);
      },
    ),
  ));

describe('a raster', () => {
  test('is paper in gaps and margins, and unknown where nothing was painted', () => {
    expect(lines(createRaster(grid([0, 0, -1, 1], [0, -1]), FLAT))).toEqual(['2 2 1 2', '1 1 1 1']);
  });

  test('shows each value on its pixels and leaves the gaps', () => {
    const raster = createRaster(grid([0, 0, -1, 1, 1], [0, 0, 1]), FLAT);
    paintTile(raster, tile(2, 2), Uint32Array.of(10, 11, 12, 13), FLAT);
    expect(lines(raster)).toEqual(['10 10 1 11 11', '10 10 1 11 11', '12 12 1 13 13']);
  });

  test('shows a coarse tile until a finer one is painted over it', () => {
    const raster = createRaster(grid([0, 1, 2, 3], [0, 1]), FLAT);
    paintTile(raster, tile(1, 2, { step: 2 }), Uint32Array.of(20, 21), FLAT);
    expect(lines(raster)).toEqual(['20 20 21 21', '20 20 21 21']);
    paintTile(raster, tile(2, 2, { columnBegin: 2 }), Uint32Array.of(10, 11, 12, 13), FLAT);
    expect(lines(raster)).toEqual(['20 20 10 11', '20 20 12 13']);
  });

  test('puts paper where every value is zero, also over a coarser colour, or the hatch', () => {
    const flat = createRaster(grid([0, 1], [0]), FLAT);
    paintTile(flat, tile(1, 1, { step: 2 }), Uint32Array.of(20), FLAT);
    paintTile(flat, tile(1, 2), Uint32Array.of(EMPTY, 9), FLAT);
    expect(lines(flat)).toEqual(['1 9']);

    const hatched = createRaster(grid([0, 0, 0, 0, 0], [0, 0, 0, 0]), HATCHED);
    paintTile(hatched, tile(1, 1), Uint32Array.of(EMPTY), HATCHED);
    expect(lines(hatched)).toEqual(['3 1 1 1 3', '1 1 1 3 1', '1 1 3 1 1', '1 3 1 1 1']);
  });

  test('ignores tiles that lie elsewhere', () => {
    const raster = createRaster(grid([5, 6], [5]), FLAT);
    paintTile(raster, tile(2, 2), Uint32Array.of(1, 1, 1, 1), FLAT);
    expect(lines(raster)).toEqual(['2 2']);
  });

  test('reuses pixels of the right size', () => {
    const pixels = new Uint32Array(2);
    expect(createRaster(grid([0, 1], [0]), FLAT, pixels).pixels).toBe(pixels);
    expect(createRaster(grid([0, 1, 2], [0]), FLAT, pixels).pixels).toHaveLength(3);
  });
});

test('whatever the window, each pixel shows the value under it', () =>
  fc.assert(
    fc.property(
      fc.record({
        zoom: fc.constantFrom(1 / 3, 1, 2, 4, 8),
        kernel: fc.constantFrom(1, 3),
        x: fc.integer({ min: 0, max: 60 }),
        y: fc.integer({ min: 0, max: 60 }),
        ratio: fc.constantFrom(1, 1.5, 2),
      }),
      ({ zoom, kernel, x, y, ratio }) => {
        const size = { rows: 12 * kernel, columns: 9 * kernel, kernelRows: kernel, kernelColumns: kernel };
        const view: View = { zoom, x, y, row: 0, column: 0 };
        const raster = createRaster(pixelGrid(view, size, { width: 40, height: 30 }, ratio), FLAT);
        const values = Uint32Array.from({ length: size.rows * size.columns }, (_, i) => 100 + i);
        paintTile(raster, tile(size.rows, size.columns), values, FLAT);
        for (let py = 0; py < raster.height; py++) {
          for (let px = 0; px < raster.width; px++) {
            const [row, column] = [raster.rows[py]!, raster.columns[px]!];
            const expected = row < 0 || column < 0 ? FLAT.paper : 100 + row * size.columns + column;
            expect(raster.pixels[py * raster.width + px]).toBe(expected);
          }
        }
      },
    ),
    { numRuns: 40 },
  ));
