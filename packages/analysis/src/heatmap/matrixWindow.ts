import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { TileQuery } from '../heatmap.js';
import { boxOfWindow, readsOf } from './box.js';
import { DisplayReader } from './displayValues.js';
import { breakLine, placementOf } from './layout.js';

/** The values of a window of the matrix, row-major. */
export interface MatrixWindow {
  readonly rows: number;
  readonly columns: number;
  /** Zeros by the quantization are exactly 0. */
  readonly values: Float64Array;
  /** 1 where the matrix has an element. */
  readonly present: Uint8Array;
}

/** Reads a window that fits in memory; the caller sees to that. The part of it outside of the matrix is not present. */
export async function matrixWindow(
  entry: TensorEntry,
  head: TensorHead,
  window: Omit<TileQuery, 'step' | 'signed'>,
  signal: AbortSignal,
): Promise<MatrixWindow> {
  const placement = placementOf(head, window.layout, window.channel ?? 0);
  const rows = window.rowEnd - window.rowBegin;
  const columns = window.columnEnd - window.columnBegin;
  const values = new Float64Array(rows * columns);
  const present = new Uint8Array(rows * columns);
  const inside = {
    ...window,
    rowEnd: Math.min(window.rowEnd, placement.rows),
    columnEnd: Math.min(window.columnEnd, placement.columns),
  };
  if (inside.rowEnd <= window.rowBegin || inside.columnEnd <= window.columnBegin) {
    return { rows, columns, values, present };
  }
  const { shape } = head;
  const rank = shape.length;
  const reader = new DisplayReader(entry);
  try {
    for (const read of readsOf(boxOfWindow(placement, shape, inside), shape, reader.maxElements)) {
      signal.throwIfAborted();
      const part = await reader.read(read.begin, read.count, signal);
      for (const run of read.runs) {
        const index = [...run.index];
        for (let i = 0; i < run.count; i++) {
          let row = 0;
          let column = 0;
          for (let axis = 0; axis < rank; axis++) {
            row += index[axis]! * placement.rowSteps[axis]!;
            column += index[axis]! * placement.columnSteps[axis]!;
          }
          [row, column] = breakLine(placement, row, column);
          if (
            row >= inside.rowBegin &&
            row < inside.rowEnd &&
            column >= inside.columnBegin &&
            column < inside.columnEnd
          ) {
            const cell = (row - window.rowBegin) * columns + column - window.columnBegin;
            values[cell] = part[run.begin - read.begin + i]!;
            present[cell] = 1;
          }
          for (let axis = rank - 1; axis >= 0; axis--) {
            if (++index[axis]! < shape[axis]!) break;
            index[axis] = 0;
          }
        }
      }
    }
  } finally {
    reader.release();
  }
  return { rows, columns, values, present };
}
