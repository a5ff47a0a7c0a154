import type { ColumnBlocks } from './blocks4x1Float32.js';
import type { CompressedRows } from './csrFloat32.js';

/** The numbers of a row-major matrix that are not 0. */
export function compressRows(a: Float32Array, rows: number, columns: number): CompressedRows {
  const starts = new Int32Array(rows + 1);
  for (let row = 0, count = 0; row < rows; row++) {
    for (let at = row * columns; at < (row + 1) * columns; at++) if (a[at] !== 0) count++;
    starts[row + 1] = count;
  }
  const columnOf = new Int32Array(starts[rows]!);
  const values = new Float32Array(starts[rows]!);
  for (let at = 0, t = 0; at < rows * columns; at++) {
    if (a[at] === 0) continue;
    columnOf[t] = at % columns;
    values[t++] = a[at]!;
  }
  return { starts, columnOf, values };
}

/** The blocks of four rows and one column that are not all 0. Rows that the last group lacks are 0. */
export function compressBlocks(a: Float32Array, rows: number, columns: number): ColumnBlocks {
  const groups = Math.ceil(rows / 4);
  const starts = new Int32Array(groups + 1);
  const columnOf: number[] = [];
  for (let group = 0; group < groups; group++) {
    for (let column = 0; column < columns; column++) {
      if (someOf(a, group, column, rows, columns)) columnOf.push(column);
    }
    starts[group + 1] = columnOf.length;
  }
  const values = new Float32Array(4 * columnOf.length);
  for (let group = 0; group < groups; group++) {
    for (let t = starts[group]!; t < starts[group + 1]!; t++) {
      for (let i = 0; i < Math.min(4, rows - 4 * group); i++)
        values[4 * t + i] = a[(4 * group + i) * columns + columnOf[t]!]!;
    }
  }
  return { starts, columnOf: Int32Array.from(columnOf), values };
}

function someOf(a: Float32Array, group: number, column: number, rows: number, columns: number): boolean {
  for (let row = 4 * group; row < Math.min(rows, 4 * group + 4); row++)
    if (a[row * columns + column] !== 0) return true;
  return false;
}
