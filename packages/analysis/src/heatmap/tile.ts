import { attempt, breathe, type Fault, fail, invariant, type Result, type Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { Values } from '@espalier/tensor';
import type { HeatmapTile, TileQuery } from '../heatmap.js';
import { noValues } from '../stats/tensorStats.js';
import { boxOfWindow, type Run, readsOf } from './box.js';
import { DisplayReader } from './displayValues.js';
import { breakLine, type Placement, placementOf } from './layout.js';
import { scaleFinder } from './scale.js';

/** Elements looked at between turns of the event loop. */
const ELEMENTS_PER_BREATH = 2 ** 23;
/** More tiles than any screen has pixels are not made. */
const MAX_TILES = 1 << 24;

/**
 * A window of the kernel matrix as pixels. Reads only the bytes that the window needs (gaps of a few kilobytes are read through). The scale
 * comes from `scale` (the statistics' `kept`) where it is known, else from the window. A tile without any element (behind the last kernel of the layout
 * `channel`) has level 0 and zero share 0. Faults: those of the source, `tensor/no-values`, `heatmap/window` for a window that is not
 * inside the matrix.
 */
export async function heatmapTile(
  entry: TensorEntry,
  head: TensorHead,
  query: TileQuery,
  scale: { readonly absmin: number | null; readonly abs99: number | null } | undefined,
  work: Work,
): Promise<Result<HeatmapTile, Fault>> {
  if (entry.data.kind === 'none') return fail(noValues(entry));
  const placement = placementOf(head, query.layout, query.channel ?? 0);
  const wrong = checkWindow(placement, query);
  if (wrong !== null) return fail({ code: 'heatmap/window', message: wrong });
  return attempt(async () => {
    const sums = emptySums(query);
    const known = scale?.abs99 != null && scale.absmin != null;
    const finder = known ? null : scaleFinder();
    const reader = new DisplayReader(entry);
    try {
      let sinceBreath = 0;
      for (const read of readsOf(boxOfWindow(placement, entry.shape, query), entry.shape, reader.maxElements)) {
        work.signal.throwIfAborted();
        const values = await reader.read(read.begin, read.count, work.signal);
        for (const run of read.runs) {
          const part = values.subarray(run.begin - read.begin, run.begin - read.begin + run.count);
          finder?.add(part);
          addRun(sums, part, run, entry.shape, placement, query);
        }
        sinceBreath += read.count;
        if (sinceBreath < ELEMENTS_PER_BREATH) continue;
        sinceBreath = 0;
        await breathe();
      }
    } finally {
      reader.release();
    }
    const low = known ? scale.absmin! : finder!.low();
    const high = known ? scale.abs99! : finder!.high();
    return toTile(sums, query.signed, low, high);
  });
}

function checkWindow(placement: Placement, query: TileQuery): string | null {
  const { rowBegin, rowEnd, columnBegin, columnEnd, step } = query;
  const inside = (begin: number, end: number, length: number): boolean =>
    Number.isInteger(begin) && Number.isInteger(end) && begin >= 0 && end > begin && end <= length;
  if (!inside(rowBegin, rowEnd, placement.rows) || !inside(columnBegin, columnEnd, placement.columns)) {
    return `Rows ${rowBegin} to ${rowEnd} and columns ${columnBegin} to ${columnEnd} are not inside a matrix of ${placement.rows} × ${placement.columns}.`;
  }
  if (!Number.isInteger(step) || step < 1) return `A tile stands for at least one row and column, not ${step}.`;
  const tiles = Math.ceil((rowEnd - rowBegin) / step) * Math.ceil((columnEnd - columnBegin) / step);
  return tiles > MAX_TILES ? `${tiles} tiles are more than ${MAX_TILES}.` : null;
}

/** What is added up for every tile. */
interface Sums {
  readonly rows: number;
  readonly columns: number;
  /** Of |w|, or of w. */
  readonly sum: Float64Array;
  readonly zeros: Float64Array;
  readonly kept: Float64Array;
  /** How many NaN and Inf, by tile: few. */
  readonly nonFinite: Map<number, number>;
}

function emptySums(query: TileQuery): Sums {
  const rows = Math.ceil((query.rowEnd - query.rowBegin) / query.step);
  const columns = Math.ceil((query.columnEnd - query.columnBegin) / query.step);
  const tiles = rows * columns;
  return {
    rows,
    columns,
    sum: new Float64Array(tiles),
    zeros: new Float64Array(tiles),
    kept: new Float64Array(tiles),
    nonFinite: new Map(),
  };
}

/** Adds the elements of a run, line by line of the innermost axis. */
function addRun(
  sums: Sums,
  values: Values,
  run: Run,
  shape: readonly number[],
  placement: Placement,
  query: TileQuery,
): void {
  const rank = shape.length;
  const index = [...run.index];
  const inner = rank === 0 ? 1 : shape[rank - 1]!;
  const rowStep = rank === 0 ? 0 : placement.rowSteps[rank - 1]!;
  const columnStep = rank === 0 ? 0 : placement.columnSteps[rank - 1]!;
  for (let done = 0; done < values.length; ) {
    const start = rank === 0 ? 0 : index[rank - 1]!;
    const length = Math.min(inner - start, values.length - done);
    let row = 0;
    let column = 0;
    for (let axis = 0; axis < rank; axis++) {
      // Indices of a channel's own axes carry no steps in the layout `channel`.
      row += index[axis]! * placement.rowSteps[axis]!;
      column += index[axis]! * placement.columnSteps[axis]!;
    }
    addLine(sums, values, done, length, row, column, rowStep, columnStep, placement, query);
    done += length;
    if (rank === 0) break;
    index[rank - 1] = 0;
    for (let axis = rank - 2; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

function addLine(
  sums: Sums,
  values: Values,
  from: number,
  length: number,
  firstRow: number,
  firstColumn: number,
  rowStep: number,
  columnStep: number,
  placement: Placement,
  query: TileQuery,
): void {
  const { rowBegin, rowEnd, columnBegin, columnEnd, step, signed } = query;
  const breaks = placement.lineColumns !== Number.POSITIVE_INFINITY;
  const { sum, zeros, kept, columns } = sums;
  for (let i = 0; i < length; i++) {
    let row = firstRow + i * rowStep;
    let column = firstColumn + i * columnStep;
    if (breaks) [row, column] = breakLine(placement, row, column);
    if (row < rowBegin || row >= rowEnd || column < columnBegin || column >= columnEnd) continue;
    const tile = Math.floor((row - rowBegin) / step) * columns + Math.floor((column - columnBegin) / step);
    const value = values[from + i]!;
    if (value === 0) zeros[tile]!++;
    else if (Number.isFinite(value)) {
      kept[tile]!++;
      sum[tile]! += signed ? value : Math.abs(value);
    } else sums.nonFinite.set(tile, (sums.nonFinite.get(tile) ?? 0) + 1);
  }
}

function toTile(
  { rows, columns, sum, zeros, kept, nonFinite }: Sums,
  signed: boolean,
  low: number,
  high: number,
): HeatmapTile {
  invariant(sum.length === rows * columns, 'one sum a tile');
  const levels = new Uint8Array(sum.length);
  const zeroShare = new Uint8Array(sum.length);
  for (let tile = 0; tile < sum.length; tile++) {
    const count = zeros[tile]! + kept[tile]!;
    const all = count + (nonFinite.get(tile) ?? 0);
    const mean = count === 0 || high === 0 ? 0 : sum[tile]! / count / high;
    if (signed) levels[tile] = count === 0 ? (all === 0 ? 0 : 128) : clamp(128 + Math.round(127 * mean), 1, 255);
    else levels[tile] = kept[tile] === 0 ? 0 : clamp(Math.round(255 * mean), 1, 255);
    if (zeros[tile] === 0) continue;
    zeroShare[tile] = zeros[tile] === all ? 255 : clamp(Math.round((255 * zeros[tile]!) / all), 1, 254);
  }
  return { rows, columns, levels, zeroShare, nonFinite: [...nonFinite.keys()].sort((a, b) => a - b), low, high };
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
