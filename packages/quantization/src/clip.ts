import { histogramOf, klClip } from './klClip.js';
import { mseClip } from './mseClip.js';

/** How the largest magnitude that is represented is chosen. */
export const CLIPS = ['max', 'percentile', 'mse', 'kl'] as const;
export type ClipMethod = (typeof CLIPS)[number];

/**
 * The value at which magnitudes are cut, of finite values; 0 where all are 0. `percentile` is in (0, 100]. `max` is the largest magnitude, where the values are some of
 * many.
 */
export function clipValue(
  values: ArrayLike<number>,
  method: ClipMethod,
  bits: number,
  percentile: number,
  max = largestMagnitude(values),
): number {
  if (max === 0) return 0;
  switch (method) {
    case 'max':
      return max;
    case 'percentile':
      return percentileOf(magnitudesOf(values), percentile);
    case 'mse':
      return mseClip(values, max, bits);
    case 'kl':
      return klClip(histogramOf(values, max), max, bits).clip;
  }
}

function magnitudesOf(values: ArrayLike<number>): Float64Array {
  const sizes = new Float64Array(values.length);
  for (let i = 0; i < sizes.length; i++) sizes[i] = Math.abs(values[i]!);
  return sizes;
}

export function largestMagnitude(values: ArrayLike<number>): number {
  let max = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (size > max) max = size;
  }
  return max;
}

/** The ranks between which a percentile of `count` ascending values lies, and how far from the lower one. */
export function ranksOf(count: number, percentile: number): { low: number; high: number; share: number } {
  const at = ((count - 1) * percentile) / 100;
  const low = Math.floor(at);
  return { low, high: Math.min(low + 1, count - 1), share: at - low };
}

/** Linear interpolation between the two nearest ranks; puts the magnitudes into another order. */
export function percentileOf(magnitudes: Float64Array, percentile: number): number {
  const { low, high, share } = ranksOf(magnitudes.length, percentile);
  const first = select(magnitudes, low);
  if (high === low) return first;
  let second = Number.POSITIVE_INFINITY;
  for (let i = low + 1; i < magnitudes.length; i++) if (magnitudes[i]! < second) second = magnitudes[i]!;
  return first + share * (second - first);
}

/** The value of a rank, with none smaller behind it and none larger before it. (Hoare, "Algorithm 65: Find", 1961) */
function select(values: Float64Array, rank: number): number {
  let [left, right] = [0, values.length - 1];
  while (left < right) {
    const pivot = values[(left + right) >>> 1]!;
    let [i, j] = [left, right];
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const held = values[i]!;
      values[i++] = values[j]!;
      values[j--] = held;
    }
    if (rank <= j) right = j;
    else if (rank >= i) left = i;
    else break;
  }
  return values[rank]!;
}
