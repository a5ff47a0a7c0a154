import { sizeOf } from '@espalier/base';
import { type BitMask, maskOf } from '../mask.js';

/**
 * Of every M consecutive weights along an axis the N with the largest |w| stay, of equal ones the first. The axis must divide by M. NaN counts
 * as the largest. (Mishra et al., "Accelerating Sparse Deep Neural Networks", 2021.)
 */
export function nmMask(
  values: ArrayLike<number>,
  shape: readonly number[],
  axis: number,
  n: number,
  m: number,
): BitMask {
  const stride = sizeOf(shape.slice(axis + 1));
  const kept = new Uint8Array(values.length);
  const order = Array.from({ length: m }, (_, i) => i);
  const magnitudes = new Float64Array(m);
  for (let start = 0; start < values.length; start += m * stride) {
    for (let inner = 0; inner < stride; inner++) {
      for (let i = 0; i < m; i++) {
        const magnitude = Math.abs(values[start + inner + i * stride]!);
        magnitudes[i] = Number.isNaN(magnitude) ? Number.POSITIVE_INFINITY : magnitude;
        order[i] = i;
      }
      order.sort((a, b) => magnitudes[b]! - magnitudes[a]! || a - b);
      for (let i = 0; i < n; i++) kept[start + inner + order[i]! * stride] = 1;
    }
  }
  return maskOf(values.length, (i) => kept[i] === 1);
}
