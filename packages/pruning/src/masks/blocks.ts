import type { Work } from '@espalier/base';
import { kernels } from '@espalier/kernels';
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
  if (width === 1 && layer.entry.dtype === 'F32' && rowsInOrder(matrix))
    return await tallBlocks(layer, matrix, height, sparsity, work);
  const across = Math.ceil(columns / width);
  const means = new Float64Array(Math.ceil(rows / height) * across);
  for await (const { begin, values } of valueWindows(layer, work)) {
    matrix.walk(begin, values.length, (offset, length, row, column, rowStep, columnStep) => {
      if (rowStep === 0 && columnStep === 1) {
        addAcross(values, offset, length, means, Math.floor(row / height) * across, column, width);
        return;
      }
      for (let i = 0; i < length; i++) {
        const block = Math.floor((row + i * rowStep) / height) * across + Math.floor((column + i * columnStep) / width);
        means[block]! += Math.abs(values[offset + i]!);
      }
    });
  }
  for (let top = 0, block = 0; top < rows; top += height) {
    for (let left = 0; left < columns; left += width, block++)
      means[block]! /= Math.min(height, rows - top) * Math.min(width, columns - left);
  }
  const { kept, spared } = keepRanked(means, sparsity);
  const elements = rows * columns;
  const bits = new Uint8Array(Math.ceil(elements / 8));
  matrix.walk(0, elements, (offset, length, row, column, rowStep, columnStep) => {
    if (rowStep === 0 && columnStep === 1) {
      setAcross(bits, offset, length, kept, Math.floor(row / height) * across, column, width);
      return;
    }
    for (let i = 0; i < length; i++) {
      const block = Math.floor((row + i * rowStep) / height) * across + Math.floor((column + i * columnStep) / width);
      if (kept[block] === 1) bits[(offset + i) >>> 3]! |= 1 << ((offset + i) & 7);
    }
  });
  return { mask: maskFromBits(elements, bits), spared };
}

/** Whether the weights lie row after row. */
const rowsInOrder = (matrix: KernelMatrix): boolean =>
  matrix.columns % 8 === 0 && (matrix.rows < 2 || matrix.index(1, 0) === matrix.columns) && matrix.index(0, 1) === 1;

/** Bytes that become bits at once. */
const PACKED_AT_ONCE = 1 << 20;

/** Blocks of one column in rows that lie in order: window by window in kernels, with the same sums. */
async function tallBlocks(
  layer: Pick<PrunableLayer, 'entry'>,
  { rows, columns }: KernelMatrix,
  height: number,
  sparsity: number,
  work: Work,
): Promise<{ readonly mask: BitMask; readonly spared: number }> {
  const k = kernels();
  const means = new Float64Array(Math.ceil(rows / height) * columns);
  for await (const { begin, values } of valueWindows(layer, work, height * columns)) {
    const first = begin / columns;
    const here = { rows: values.length / columns, columns, height };
    const own = means.subarray((first / height) * columns, Math.ceil((first + here.rows) / height) * columns);
    k.meanMagnitudes(values as Float32Array, here, own);
  }
  const { kept, spared } = keepRanked(means, sparsity);
  const packed = new Uint8Array(kept.length / 8);
  for (let begin = 0; begin < kept.length; begin += PACKED_AT_ONCE) {
    const end = Math.min(kept.length, begin + PACKED_AT_ONCE);
    k.packBits(kept.subarray(begin, end), packed.subarray(begin / 8, end / 8));
  }
  const bits = new Uint8Array((rows * columns) / 8);
  const rowBytes = columns / 8;
  for (let row = 0; row < rows; row++) {
    const block = Math.floor(row / height);
    bits.set(packed.subarray(block * rowBytes, (block + 1) * rowBytes), row * rowBytes);
  }
  return { mask: maskFromBits(rows * columns, bits), spared };
}

/** Adds |w| of weights of one row to their blocks, block after block. */
function addAcross(
  values: ArrayLike<number>,
  offset: number,
  length: number,
  sums: Float64Array,
  first: number,
  column: number,
  width: number,
): void {
  let block = first + Math.floor(column / width);
  let next = width - (column % width);
  for (let i = 0; i < length; ) {
    const end = Math.min(length, next);
    let sum = 0;
    for (; i < end; i++) sum += Math.abs(values[offset + i]!);
    sums[block++]! += sum;
    next += width;
  }
}

/** Sets the bits of weights of one row whose blocks stay. */
function setAcross(
  bits: Uint8Array,
  offset: number,
  length: number,
  kept: Uint8Array,
  first: number,
  column: number,
  width: number,
): void {
  let block = first + Math.floor(column / width);
  let next = width - (column % width);
  for (let i = 0; i < length; ) {
    const end = Math.min(length, next);
    const stays = kept[block++]!;
    for (; i < end; i++) bits[(offset + i) >>> 3]! |= stays << ((offset + i) & 7);
    next += width;
  }
}
