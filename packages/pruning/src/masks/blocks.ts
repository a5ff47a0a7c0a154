import type { KernelMatrix } from '../kernelMatrix.js';
import { type BitMask, maskOf } from '../mask.js';
import { keepRanked } from './ranked.js';

/** Whole blocks of the kernel matrix go, those with the smallest Σ|w|; blocks at the edges may be smaller and are ranked by their mean. */
export function blockMask(
  values: ArrayLike<number>,
  matrix: KernelMatrix,
  [height, width]: readonly [number, number],
  sparsity: number,
): BitMask {
  const across = Math.ceil(matrix.columns / width);
  const blocks = Math.ceil(matrix.rows / height) * across;
  const sums = new Float64Array(blocks);
  const counts = new Float64Array(blocks);
  const owner = new Uint32Array(values.length);
  for (let row = 0; row < matrix.rows; row++) {
    for (let column = 0; column < matrix.columns; column++) {
      const index = matrix.index(row, column);
      const block = Math.floor(row / height) * across + Math.floor(column / width);
      sums[block]! += Math.abs(values[index]!);
      counts[block]!++;
      owner[index] = block;
    }
  }
  const kept = keepRanked(
    sums.map((sum, i) => sum / counts[i]!),
    sparsity,
  );
  return maskOf(values.length, (i) => kept[owner[i]!] === 1);
}
