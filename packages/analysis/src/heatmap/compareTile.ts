import { attempt, type Fault, fail, type Result, type Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { HeatmapTile, TileQuery } from '../heatmap.js';
import { noValues } from '../stats/tensorStats.js';
import { type MatrixWindow, matrixWindow } from './matrixWindow.js';

/** The same window of two tensors, and of what changed between them. All have the same rows and columns. */
export interface CompareTile {
  readonly before: HeatmapTile;
  readonly after: HeatmapTile;
  /** Signed: after − before, over the cells that both have. */
  readonly delta: HeatmapTile;
  /** Share of values that became zero, and of values that were zero and are kept now, 0..255 a tile. */
  readonly newZero: Uint8Array;
  readonly newKept: Uint8Array;
}

export interface Side {
  readonly entry: TensorEntry;
  readonly head: TensorHead;
}

/** Cells that are held at once; a larger window is read in bands of rows. */
const BAND_CELLS = 1 << 20;

/**
 * Tiles of two tensors and of their difference. `scaleHigh` is the end of the scale of the values (both maps share one; null: the largest
 * |w| of the window); the scale of the difference ends at the largest |Δ| of the window. Faults: those of the sources, `tensor/no-values`.
 */
export async function compareTile(
  before: Side,
  after: Side,
  query: TileQuery,
  scaleHigh: number | null,
  { signal }: Pick<Work, 'signal'>,
): Promise<Result<CompareTile, Fault>> {
  for (const { entry } of [before, after]) if (entry.data.kind === 'none') return fail(noValues(entry));
  return attempt(async () => {
    const rows = Math.ceil((query.rowEnd - query.rowBegin) / query.step);
    const columns = Math.ceil((query.columnEnd - query.columnBegin) / query.step);
    const earlier = emptySums(rows * columns);
    const later = emptySums(rows * columns);
    const delta = emptySums(rows * columns);
    const newZeros = new Float64Array(rows * columns);
    const newKept = new Float64Array(rows * columns);
    const width = query.columnEnd - query.columnBegin;
    const band = query.step * Math.max(1, Math.floor(BAND_CELLS / (query.step * width)));
    for (let rowBegin = query.rowBegin; rowBegin < query.rowEnd; rowBegin += band) {
      const window = { ...query, rowBegin, rowEnd: Math.min(query.rowEnd, rowBegin + band) };
      const a = await matrixWindow(before.entry, before.head, window, signal);
      const b = await matrixWindow(after.entry, after.head, window, signal);
      const firstRow = Math.floor((rowBegin - query.rowBegin) / query.step);
      const tileOf = (row: number, column: number): number =>
        (firstRow + Math.floor(row / query.step)) * columns + Math.floor(column / query.step);
      addWindow(earlier, a, tileOf, query.signed);
      addWindow(later, b, tileOf, query.signed);
      for (let row = 0, cell = 0; row < a.rows; row++) {
        for (let column = 0; column < a.columns; column++, cell++) {
          if (a.present[cell] === 0 || b.present[cell] === 0) continue;
          const tile = tileOf(row, column);
          const [x, y] = [a.values[cell]!, b.values[cell]!];
          add(delta, tile, Object.is(x, y) ? 0 : y - x, true);
          if (x !== 0 && y === 0) newZeros[tile]!++;
          if (x === 0 && y !== 0) newKept[tile]!++;
        }
      }
    }
    const high = scaleHigh ?? Math.max(earlier.largest, later.largest);
    const low = Math.min(earlier.smallest, later.smallest);
    return {
      before: toTile(earlier, rows, columns, query.signed, low, high),
      after: toTile(later, rows, columns, query.signed, low, high),
      delta: toTile(delta, rows, columns, true, delta.smallest, delta.largest),
      newZero: shares(newZeros, delta.count),
      newKept: shares(newKept, delta.count),
    };
  });
}

interface Sums {
  readonly sum: Float64Array;
  readonly zeros: Float64Array;
  readonly count: Float64Array;
  readonly nonFinite: Set<number>;
  smallest: number;
  largest: number;
}

const emptySums = (tiles: number): Sums => ({
  sum: new Float64Array(tiles),
  zeros: new Float64Array(tiles),
  count: new Float64Array(tiles),
  nonFinite: new Set(),
  smallest: Number.POSITIVE_INFINITY,
  largest: 0,
});

function addWindow(
  sums: Sums,
  window: MatrixWindow,
  tileOf: (row: number, column: number) => number,
  signed: boolean,
): void {
  for (let row = 0, cell = 0; row < window.rows; row++) {
    for (let column = 0; column < window.columns; column++, cell++) {
      if (window.present[cell] === 1) add(sums, tileOf(row, column), window.values[cell]!, signed);
    }
  }
}

function add(sums: Sums, tile: number, value: number, signed: boolean): void {
  sums.count[tile]!++;
  if (value === 0) sums.zeros[tile]!++;
  else if (Number.isFinite(value)) {
    const size = Math.abs(value);
    sums.sum[tile]! += signed ? value : size;
    if (size < sums.smallest) sums.smallest = size;
    if (size > sums.largest) sums.largest = size;
  } else sums.nonFinite.add(tile);
}

function toTile(sums: Sums, rows: number, columns: number, signed: boolean, low: number, high: number): HeatmapTile {
  const levels = new Uint8Array(rows * columns);
  for (let tile = 0; tile < levels.length; tile++) {
    const count = sums.count[tile]!;
    const mean = count === 0 || high === 0 ? 0 : sums.sum[tile]! / count / high;
    if (count === 0) continue;
    if (signed) levels[tile] = clamp(128 + Math.round(127 * mean), 1, 255);
    else levels[tile] = sums.zeros[tile] === count ? 0 : clamp(Math.round(255 * mean), 1, 255);
  }
  return {
    rows,
    columns,
    levels,
    zeroShare: shares(sums.zeros, sums.count),
    nonFinite: [...sums.nonFinite].sort((a, b) => a - b),
    low: Number.isFinite(low) ? low : 0,
    high,
  };
}

/** 0 only where none is, 255 only where all are. */
function shares(part: Float64Array, whole: Float64Array): Uint8Array {
  return Uint8Array.from(part, (count, tile) => {
    if (count === 0) return 0;
    return count === whole[tile] ? 255 : clamp(Math.round((255 * count) / whole[tile]!), 1, 254);
  });
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
