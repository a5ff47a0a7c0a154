import type { Work } from '@espalier/base';
import type { KernelMatrix } from '../kernelMatrix.js';
import type { PrunableLayer } from '../layer.js';
import { type BitMask, maskFromBits } from '../mask.js';
import { valueWindows } from '../readLayer.js';
import { keepRanked } from './ranked.js';

/**
 * Whole blocks of the kernel matrix go, those with the smallest mean of |w|; blocks at the edges may be smaller. A block with a NaN stays: `spared` tells how
 * many more would have had to go. Reads the layer once, window by window, and holds two numbers a block.
 */
export async function blockMask(
  layer: Pick<PrunableLayer, 'entry'>,
  matrix: KernelMatrix,
  [height, width]: readonly [number, number],
  sparsity: number,
  work: Work,
): Promise<{ readonly mask: BitMask; readonly spared: number }> {
  const { rows, columns } = matrix;
  const across = Math.ceil(columns / width);
  const means = new Float64Array(Math.ceil(rows / height) * across);
  for await (const { begin, values } of valueWindows(layer, work)) {
    matrix.walk(begin, values.length, (offset, length, row, column, rowStep, columnStep) => {
      for (let i = 0; i < length; i++) {
        const block = Math.floor((row + i * rowStep) / height) * across + Math.floor((column + i * columnStep) / width);
        means[block]! += Math.abs(values[offset + i]!);
      }
    });
  }
  for (let block = 0; block < means.length; block++) {
    const [top, left] = [Math.floor(block / across) * height, (block % across) * width];
    means[block]! /= Math.min(height, rows - top) * Math.min(width, columns - left);
  }
  const { kept, spared } = keepRanked(means, sparsity);
  const elements = rows * columns;
  const bits = new Uint8Array(Math.ceil(elements / 8));
  matrix.walk(0, elements, (offset, length, row, column, rowStep, columnStep) => {
    for (let i = 0; i < length; i++) {
      const block = Math.floor((row + i * rowStep) / height) * across + Math.floor((column + i * columnStep) / width);
      if (kept[block] === 1) bits[(offset + i) >>> 3]! |= 1 << ((offset + i) & 7);
    }
  });
  return { mask: maskFromBits(elements, bits), spared };
}
