import { attempt, type Fault, fail, type Result, type Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { TileQuery } from '../heatmap.js';
import { noValues } from '../stats/tensorStats.js';
import { boxOfWindow, readsOf } from './box.js';
import { DisplayReader } from './displayValues.js';
import { indexOfCell, placementOf } from './layout.js';

/** Cells that are asked for at once, at most: single weights are for looking at. */
export const MAX_WINDOW_CELLS = 4096;

/** The weights of a small window of the matrix, row after row. */
export interface WindowValues {
  readonly rows: number;
  readonly columns: number;
  /** Zeros by the quantization are exactly 0; null where the matrix has no element. */
  readonly values: readonly (number | null)[];
}

/** Single values of a window of the matrix; `step` and `signed` of the query do not count. Faults as of `heatmapTile`. */
export async function valuesInWindow(
  entry: TensorEntry,
  head: TensorHead,
  query: Omit<TileQuery, 'step' | 'signed'>,
  work: Work,
): Promise<Result<WindowValues, Fault>> {
  if (entry.data.kind === 'none') return fail(noValues(entry));
  const { layout, rowBegin, rowEnd, columnBegin, columnEnd } = query;
  const channel = query.channel ?? 0;
  const rows = rowEnd - rowBegin;
  const columns = columnEnd - columnBegin;
  if (!(rows > 0 && columns > 0 && rows * columns <= MAX_WINDOW_CELLS)) {
    return fail({
      code: 'heatmap/window',
      message: `A window of single values has 1 to ${MAX_WINDOW_CELLS} cells, not ${rows} × ${columns}.`,
    });
  }
  return attempt(async () => {
    const wanted = new Map<number, number>();
    const values = new Array<number | null>(rows * columns).fill(null);
    for (let row = rowBegin; row < rowEnd; row++) {
      for (let column = columnBegin; column < columnEnd; column++) {
        const index = indexOfCell(head, layout, row, column, channel);
        if (index !== null) wanted.set(offsetOf(index, head.shape), (row - rowBegin) * columns + column - columnBegin);
      }
    }
    const box = boxOfWindow(placementOf(head, layout, channel), head.shape, query);
    const reader = new DisplayReader(entry);
    try {
      for (const read of readsOf(box, head.shape, reader.maxElements)) {
        work.signal.throwIfAborted();
        const part = await reader.read(read.begin, read.count, work.signal);
        for (let i = 0; i < part.length; i++) {
          const cell = wanted.get(read.begin + i);
          if (cell !== undefined) values[cell] = part[i]!;
        }
      }
    } finally {
      reader.release();
    }
    return { rows, columns, values };
  });
}

const offsetOf = (index: readonly number[], shape: readonly number[]): number =>
  index.reduce((offset, at, axis) => offset * shape[axis]! + at, 0);
