import { clamp, roundHalfEven } from './roundHalfEven.js';
import { largestCode } from './scheme.js';

/** How the largest magnitude that is represented is chosen. */
export const CLIPS = ['max', 'percentile', 'mse', 'kl'] as const;
export type ClipMethod = (typeof CLIPS)[number];

const CANDIDATES = 100;
export const KL_BINS = 2048;

/** The value at which magnitudes are cut, of finite values; 0 where all are 0. `percentile` is in (0, 100]. */
export function clipValue(values: ArrayLike<number>, method: ClipMethod, bits: number, percentile: number): number {
  const max = largestMagnitude(values);
  if (max === 0) return 0;
  switch (method) {
    case 'max':
      return max;
    case 'percentile':
      return percentileOf(magnitudes(values).sort(), percentile);
    case 'mse':
      return bestOfGrid(values, max, bits);
    case 'kl':
      return klClip(histogramOf(values, max), max, bits).clip;
  }
}

export function largestMagnitude(values: ArrayLike<number>): number {
  let max = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (size > max) max = size;
  }
  return max;
}

const magnitudes = (values: ArrayLike<number>): Float64Array => Float64Array.from(values, Math.abs);

/** Linear interpolation between the two nearest ranks of ascending magnitudes. */
export function percentileOf(ascending: Float64Array, percentile: number): number {
  const at = ((ascending.length - 1) * percentile) / 100;
  const low = Math.floor(at);
  const high = Math.min(low + 1, ascending.length - 1);
  return ascending[low]! + (at - low) * (ascending[high]! - ascending[low]!);
}

/** The first of 100 equal steps up to the maximum that has the smallest mean squared error. */
function bestOfGrid(values: ArrayLike<number>, max: number, bits: number): number {
  const top = largestCode(bits);
  let best = { clip: max, error: Number.POSITIVE_INFINITY };
  for (let i = 1; i <= CANDIDATES; i++) {
    const clip = (max * i) / CANDIDATES;
    const scale = Math.fround(clip / top) || 1;
    let error = 0;
    for (let k = 0; k < values.length; k++) {
      const x = values[k]!;
      const off = x - scale * clamp(roundHalfEven(x / scale), -top, top);
      error += off * off;
    }
    if (error < best.error) best = { clip, error };
  }
  return best.clip;
}

/** Magnitudes in 2048 equal bins up to the maximum. */
export function histogramOf(values: ArrayLike<number>, max: number): Float64Array {
  const bins = new Float64Array(KL_BINS);
  for (let i = 0; i < values.length; i++) {
    bins[Math.min(KL_BINS - 1, Math.floor((Math.abs(values[i]!) / max) * KL_BINS))]!++;
  }
  return bins;
}

/**
 * The cut at which the distribution of codes diverges least from that of the values (Migacz, "8-bit Inference with TensorRT", GTC 2017, in the form of the
 * specification: the tail's mass is added to the last bin kept, and each code's mass spread over its bins that hold something).
 */
export function klClip(
  histogram: Float64Array,
  max: number,
  bits: number,
): { readonly clip: number; readonly bins: number; readonly divergence: number } {
  const spans = 2 ** (bits - 1);
  const all = histogram.reduce((sum, count) => sum + count, 0);
  let best = { bins: KL_BINS, divergence: Number.POSITIVE_INFINITY };
  let inside = 0;
  for (let i = 0; i < spans - 1; i++) inside += histogram[i]!;
  for (let length = spans; length <= KL_BINS; length++) {
    inside += histogram[length - 1]!;
    const divergence = divergenceAt(histogram, length, spans, inside, all);
    if (divergence < best.divergence) best = { bins: length, divergence };
  }
  return { ...best, clip: (best.bins / KL_BINS) * max };
}

/** Σ P ln(P / Q) over the bins that hold something. `inside` is the mass of the first `length` bins. */
function divergenceAt(histogram: Float64Array, length: number, spans: number, inside: number, all: number): number {
  if (inside === 0) return Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let span = 0; span < spans; span++) {
    const begin = Math.floor((span * length) / spans);
    const end = Math.floor(((span + 1) * length) / spans);
    let mass = 0;
    let filled = 0;
    for (let bin = begin; bin < end; bin++) {
      mass += histogram[bin]!;
      if (histogram[bin]! > 0) filled++;
    }
    const each = filled === 0 ? 0 : mass / filled / inside;
    for (let bin = begin; bin < end; bin++) {
      const tail = bin === length - 1 ? all - inside : 0;
      const p = (histogram[bin]! + tail) / all;
      if (p > 0) sum += p * Math.log(p / Math.max(histogram[bin]! > 0 ? each : 0, 1e-10));
    }
  }
  return sum;
}
