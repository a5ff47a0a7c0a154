import { HISTOGRAM_BINS, histogramBin } from '@espalier/kernels';

/** A histogram from counts of leading bits, as far as these tell, and what is still to be found out. */
export interface BinnedPrefixes {
  /** Counts of prefixes that lie within one bin; zeros are left out. */
  readonly counts: Float64Array;
  /** Prefixes that a border between two bins runs through: values whose trailing bits reach the threshold fall into `beyond`, others into `before`. */
  readonly borders: readonly Border[];
}

export interface Border {
  readonly prefix: number;
  /** In the bits after the leading ones. */
  readonly threshold: number;
  readonly count: number;
  readonly before: number;
  readonly beyond: number;
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/**
 * Sorts f32 values by the bins of a histogram over [low, high], knowing how often each pattern of leading bits (sign first) occurs. Null where
 * more than one border runs through a prefix, or one runs by zero: then every value must be looked at.
 */
export function binPrefixes(counts: Float64Array, zeros: number, low: number, high: number): BinnedPrefixes | null {
  const trailingBits = 32 - Math.log2(counts.length);
  const size = 2 ** trailingBits;
  const half = counts.length / 2;
  const infinite = half - half / 256;
  const valueAt = (prefix: number, trailing: number): number => {
    word[0] = prefix * size + trailing;
    return single[0]!;
  };
  // A prefix may reach beyond the extremes; its values do not.
  const binOf = (value: number): number =>
    value <= low ? 0 : value >= high ? HISTOGRAM_BINS - 1 : histogramBin(value, low, high);
  const bins = new Float64Array(HISTOGRAM_BINS);
  const borders: Border[] = [];
  const zeroBin = low <= 0 && high >= 0 ? binOf(0) : null;
  for (let prefix = 0; prefix < counts.length; prefix++) {
    const count = counts[prefix]!;
    if (count === 0 || prefix % half >= infinite) continue;
    const before = binOf(valueAt(prefix, 0));
    const beyond = binOf(valueAt(prefix, size - 1));
    if (before === beyond) {
      bins[before]! += count;
      continue;
    }
    if (Math.abs(before - beyond) > 1 || prefix % half === 0) return null;
    let [inside, outside] = [0, size - 1];
    while (outside - inside > 1) {
      const middle = Math.floor((inside + outside) / 2);
      if (binOf(valueAt(prefix, middle)) === before) inside = middle;
      else outside = middle;
    }
    borders.push({ prefix, threshold: outside, count, before, beyond });
  }
  // All zeros have the prefix of a zero, which lies within one bin.
  if (zeros > 0) bins[zeroBin!]! -= zeros;
  return { counts: bins, borders };
}
