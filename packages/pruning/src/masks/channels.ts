import type { KernelMatrix } from '../kernelMatrix.js';
import { type BitMask, maskOf } from '../mask.js';

/** Σ|w| or √Σw² of every row of the kernel matrix. */
export function rowNorms(values: ArrayLike<number>, matrix: KernelMatrix, norm: 'l1' | 'l2'): Float64Array {
  const norms = new Float64Array(matrix.rows);
  for (let row = 0; row < matrix.rows; row++) {
    let sum = 0;
    for (let column = 0; column < matrix.columns; column++) {
      const value = values[matrix.index(row, column)]!;
      sum += norm === 'l1' ? Math.abs(value) : value * value;
    }
    norms[row] = norm === 'l1' ? sum : Math.sqrt(sum);
  }
  return norms;
}

/** Whole rows stay or go. */
export function rowMask(matrix: KernelMatrix, rows: ArrayLike<number>): BitMask {
  const kept = new Uint8Array(matrix.rows * matrix.columns);
  for (let row = 0; row < matrix.rows; row++) {
    if (!rows[row]) continue;
    for (let column = 0; column < matrix.columns; column++) kept[matrix.index(row, column)] = 1;
  }
  return maskOf(kept.length, (i) => kept[i] === 1);
}
