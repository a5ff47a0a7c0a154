import type { Work } from '@espalier/base';
import type { Values } from '@espalier/tensor';
import type { KernelMatrix } from '../kernelMatrix.js';
import type { PrunableLayer } from '../layer.js';
import { type BitMask, maskFromBits } from '../mask.js';
import { valueWindows } from '../readLayer.js';

/** Σ|w| or √Σw² of every row of the kernel matrix; NaN where a weight of the row is. Reads the layer once, window by window. */
export async function rowNorms(
  layer: Pick<PrunableLayer, 'entry'>,
  matrix: KernelMatrix,
  norm: 'l1' | 'l2',
  work: Work,
): Promise<Float64Array> {
  const norms = new Float64Array(matrix.rows);
  for await (const { begin, values } of valueWindows(layer, work)) {
    matrix.walk(begin, values.length, (offset, length, row, _column, rowStep) => {
      if (norm === 'l1') addSizes(values, offset, length, norms, row, rowStep);
      else addSquares(values, offset, length, norms, row, rowStep);
    });
  }
  return norm === 'l1' ? norms : norms.map(Math.sqrt);
}

function addSizes(
  values: Values,
  offset: number,
  length: number,
  norms: Float64Array,
  row: number,
  rowStep: number,
): void {
  if (rowStep === 0) {
    let sum = 0;
    for (let i = offset; i < offset + length; i++) sum += Math.abs(values[i]!);
    norms[row]! += sum;
  } else for (let i = 0; i < length; i++) norms[row + i * rowStep]! += Math.abs(values[offset + i]!);
}

function addSquares(
  values: Values,
  offset: number,
  length: number,
  norms: Float64Array,
  row: number,
  rowStep: number,
): void {
  if (rowStep === 0) {
    let sum = 0;
    for (let i = offset; i < offset + length; i++) sum += values[i]! * values[i]!;
    norms[row]! += sum;
  } else for (let i = 0; i < length; i++) norms[row + i * rowStep]! += values[offset + i]! * values[offset + i]!;
}

/** Whole rows stay or go. */
export function rowMask(matrix: KernelMatrix, rows: ArrayLike<number>): BitMask {
  const elements = matrix.rows * matrix.columns;
  const bits = new Uint8Array(Math.ceil(elements / 8));
  matrix.walk(0, elements, (offset, length, row, _column, rowStep) => {
    if (rowStep === 0) {
      if (rows[row]) setBits(bits, offset, length);
      return;
    }
    for (let i = offset; i < offset + length; i++)
      if (rows[row + (i - offset) * rowStep]) bits[i >>> 3]! |= 1 << (i & 7);
  });
  return maskFromBits(elements, bits);
}

/** Sets consecutive bits. */
function setBits(bits: Uint8Array, from: number, length: number): void {
  const end = from + length;
  let at = from;
  for (; at < end && at % 8 !== 0; at++) bits[Math.floor(at / 8)]! |= 1 << (at % 8);
  const whole = Math.floor((end - at) / 8);
  if (whole > 0) bits.fill(255, at / 8, at / 8 + whole);
  for (at += 8 * Math.max(0, whole); at < end; at++) bits[Math.floor(at / 8)]! |= 1 << (at % 8);
}
