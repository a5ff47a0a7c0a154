import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  centreCell,
  clampView,
  columnAxis,
  extentOf,
  fittingZoom,
  indexAt,
  nearestIndex,
  pixelGrid,
  positionOf,
  revealCell,
  rowAxis,
  stepFor,
  visiblePart,
  ZOOM_STEPS,
  zoomAround,
  zoomSteps,
} from './viewport.js';

const size = fc
  .record({
    outputs: fc.integer({ min: 1, max: 600 }),
    inputs: fc.integer({ min: 1, max: 600 }),
    kernelRows: fc.constantFrom(1, 2, 3, 7),
    kernelColumns: fc.constantFrom(1, 3, 5),
  })
  .map(({ outputs, inputs, kernelRows, kernelColumns }) => ({
    rows: outputs * kernelRows,
    columns: inputs * kernelColumns,
    kernelRows,
    kernelColumns,
  }));
const zoom = fc.constantFrom(...ZOOM_STEPS);
const window = fc.record({ width: fc.integer({ min: 40, max: 900 }), height: fc.integer({ min: 40, max: 400 }) });
const somewhere = fc.record({ x: fc.nat(40_000), y: fc.nat(40_000), row: fc.nat(4000), column: fc.nat(4000) });

describe('an axis', () => {
  test('has lines between kernels from 4 px on, and none between single values', () => {
    const kernels = { length: 9, group: 3 };
    expect([0, 2, 3, 6].map((i) => positionOf(i, kernels, 4))).toEqual([0, 8, 13, 26]);
    expect([0, 2, 3, 6].map((i) => positionOf(i, kernels, 2))).toEqual([0, 4, 6, 12]);
    expect([0, 2, 3].map((i) => positionOf(i, { length: 9, group: 1 }, 8))).toEqual([0, 16, 24]);
    expect(extentOf(kernels, 4)).toBe(38);
    expect(indexAt(12.5, kernels, 4)).toBe(-1);
    expect(indexAt(38, kernels, 4)).toBe(-1);
    expect(indexAt(-1, kernels, 4)).toBe(-1);
  });

  test('a value is found at its own position, at every zoom', () =>
    fc.assert(
      fc.property(size, zoom, fc.nat(10_000), (matrix, px, n) => {
        for (const axis of [rowAxis(matrix), columnAxis(matrix)]) {
          const index = n % axis.length;
          expect(indexAt(positionOf(index, axis, px) + px / 2, axis, px)).toBe(index);
          expect(nearestIndex(positionOf(index, axis, px) + px / 2, axis, px)).toBe(index);
        }
      }),
    ));

  test('gaps and margins belong to a neighbour', () =>
    fc.assert(
      fc.property(size, zoom, fc.double({ min: -50, max: 50_000, noNaN: true }), (matrix, px, distance) => {
        const axis = columnAxis(matrix);
        const index = nearestIndex(distance, axis, px);
        expect(index).toBeGreaterThanOrEqual(0);
        expect(index).toBeLessThan(axis.length);
      }),
    ));
});

describe('a view', () => {
  test('stays inside its matrix, on device pixels', () =>
    fc.assert(
      fc.property(size, zoom, window, somewhere, (matrix, px, room, at) => {
        const view = clampView({ zoom: px, ...at }, matrix, room, 2);
        expect(view.x).toBeGreaterThanOrEqual(0);
        expect(view.x).toBeLessThanOrEqual(Math.max(0, extentOf(columnAxis(matrix), px) - room.width) + 0.5);
        expect((view.x * 2) % 1).toBe(0);
        expect(view.row).toBeLessThan(matrix.rows);
        expect(view.column).toBeLessThan(matrix.columns);
      }),
    ));

  test('shows the cell after it was revealed or centred', () =>
    fc.assert(
      fc.property(size, zoom, window, somewhere, fc.boolean(), (matrix, px, room, at, centre) => {
        const start = clampView({ zoom: px, ...at }, matrix, room);
        const view = clampView((centre ? centreCell : revealCell)(start, matrix, room), matrix, room);
        const left = positionOf(view.column, columnAxis(matrix), px) - view.x;
        const top = positionOf(view.row, rowAxis(matrix), px) - view.y;
        expect(left).toBeGreaterThanOrEqual(-1);
        expect(left + px).toBeLessThanOrEqual(room.width + 1);
        expect(top).toBeGreaterThanOrEqual(-1);
        expect(top + px).toBeLessThanOrEqual(room.height + 1);
      }),
    ));

  test('keeps the value under the pointer when it zooms', () =>
    fc.assert(
      fc.property(size, zoom, zoom, window, somewhere, (matrix, from, to, room, at) => {
        const view = clampView({ zoom: from, ...at }, matrix, room);
        const anchor = { x: room.width / 3, y: room.height / 2 };
        const axis = columnAxis(matrix);
        const under = nearestIndex(view.x + anchor.x, axis, from);
        const next = zoomAround(view, to, matrix, anchor);
        const after = nearestIndex(next.x + anchor.x, axis, to);
        // From a pixel that stands for many values, the nearest one under it may be any of them.
        expect(Math.abs(after - under)).toBeLessThanOrEqual(Math.ceil(1 / Math.min(from, to)));
      }),
    ));

  test('names the part of the matrix that its pixels show', () =>
    fc.assert(
      fc.property(size, zoom, window, somewhere, (matrix, px, room, at) => {
        const view = clampView({ zoom: px, ...at }, matrix, room);
        const part = visiblePart(view, matrix, room);
        const grid = pixelGrid(view, matrix, room, 1);
        const seen = [...grid.columns].filter((column) => column >= 0);
        expect(Math.min(...seen)).toBeGreaterThanOrEqual(part.columnBegin);
        expect(Math.max(...seen)).toBeLessThan(part.columnEnd);
        const rows = [...grid.rows].filter((row) => row >= 0);
        expect(Math.min(...rows)).toBeGreaterThanOrEqual(part.rowBegin);
        expect(Math.max(...rows)).toBeLessThan(part.rowEnd);
      }),
      { numRuns: 50 },
    ));
});

describe('zoom steps', () => {
  const room = { width: 360, height: 180 };
  test('reach far enough to see the whole matrix', () => {
    const huge = { rows: 50_257, columns: 768, kernelRows: 1, kernelColumns: 1 };
    const steps = zoomSteps(huge, room);
    expect(huge.rows * steps[0]!).toBeLessThanOrEqual(room.height);
    expect(steps.slice(-ZOOM_STEPS.length)).toEqual([...ZOOM_STEPS]);
    expect(fittingZoom(huge, room)).toBe(steps[0]);
  });

  test('the usual ones suffice for a small matrix, and it is shown as large as it fits', () => {
    const small = { rows: 10, columns: 20, kernelRows: 1, kernelColumns: 1 };
    expect(zoomSteps(small, room)).toEqual([...ZOOM_STEPS]);
    expect(fittingZoom(small, room)).toBe(16);
  });

  test('a tile stands for about one device pixel', () => {
    expect(stepFor(1 / 12, 1)).toBe(12);
    expect(stepFor(1 / 12, 2)).toBe(6);
    expect(stepFor(1 / 3, 1)).toBe(3);
    expect(stepFor(1, 1)).toBe(1);
    expect(stepFor(40, 2)).toBe(1);
  });
});
