import { clamp, roundHalfEven } from './roundHalfEven.js';
import { largestCode } from './scheme.js';

/** Equal steps up to the maximum that are tried. */
export const CANDIDATES = 100;

/** Bins for values at hand: two for each value, up to so many. */
const MOST_BINS = 1 << 14;

export const candidateClip = (max: number, i: number): number => (max * i) / CANDIDATES;

const scaleOf = (clip: number, top: number): number => Math.fround(clip / top) || 1;

/** The first of 100 equal steps up to the maximum that leaves the smallest squared error, of finite values. `max` is their largest magnitude, or one of a larger set. */
export function mseClip(values: ArrayLike<number>, max: number, bits: number): number {
  const bins = binsFor(values.length);
  let left = Array.from({ length: CANDIDATES }, (_, i) => i + 1);
  if (bins.reset(max)) {
    bins.add(values, 0, values.length);
    left = bins.candidates(bits);
  }
  if (left.length === 1) return candidateClip(max, left[0]!);
  const errors = left.map((i) => squaredError(values, 0, values.length, candidateClip(max, i), bits));
  return candidateClip(max, left[errors.indexOf(Math.min(...errors))]!);
}

/** Σ (x − x̂)² of values `begin` to `end` with magnitudes cut at `clip`. */
export function squaredError(
  values: ArrayLike<number>,
  begin: number,
  end: number,
  clip: number,
  bits: number,
): number {
  const top = largestCode(bits);
  const scale = scaleOf(clip, top);
  let error = 0;
  for (let k = begin; k < end; k++) {
    const x = values[k]!;
    const off = x - scale * roundHalfEven(clamp(x / scale, -top, top));
    error += off * off;
  }
  return error;
}

/**
 * Magnitudes in equal bins up to the maximum, with their sums and sums of squares. The squared error of a clip follows from them but for the bins that the border
 * between two codes cuts: whatever of such a bin is rounded to the other code costs at most twice the step times the width of the bin. So the error lies in an interval, and
 * candidates whose interval begins above the end of another's are out. What remains, mostly one or two of 100, is for whoever holds the values.
 */
export class MagnitudeBins {
  private readonly counts: Float64Array;
  private readonly held: Float64Array;
  private readonly sums: Float64Array;
  private readonly squares: Float64Array;
  private perUnit: number;

  constructor(
    private max: number,
    private readonly bins: number,
  ) {
    this.perUnit = bins / max;
    this.counts = new Float64Array(bins + 1);
    this.held = new Float64Array(bins + 1);
    this.sums = new Float64Array(bins + 1);
    this.squares = new Float64Array(bins + 1);
  }

  /** Begins anew, with another maximum; false where that is too small to be divided. */
  reset(max: number): boolean {
    this.max = max;
    this.perUnit = this.bins / max;
    for (const each of [this.counts, this.sums, this.squares]) each.fill(0);
    return Number.isFinite(this.perUnit);
  }

  add(values: ArrayLike<number>, begin: number, end: number): void {
    const { counts, sums, squares, perUnit } = this;
    const last = this.bins - 1;
    for (let k = begin; k < end; k++) {
      const size = Math.abs(values[k]!);
      const at = Math.min(last, Math.floor(size * perUnit));
      counts[at]!++;
      sums[at]! += size;
      squares[at]! += size * size;
    }
  }

  /** The candidates that may have the smallest error, as steps, rising. Ends the adding. */
  candidates(bits: number): number[] {
    const { counts, held, sums, squares, bins, max, perUnit } = this;
    held.set(counts);
    for (const each of [counts, sums, squares]) toRunning(each);
    const [all, total, energy] = [counts[bins]!, sums[bins]!, squares[bins]!];
    const top = largestCode(bits);
    // Differences of large sums are off by a few of their last digits.
    const slack = 1e-12 * energy;
    const intervals: { readonly i: number; readonly low: number }[] = [];
    let reach = Number.POSITIVE_INFINITY;
    for (let i = CANDIDATES; i >= 1; i--) {
      const scale = scaleOf(candidateClip(max, i), top);
      const cut = scale * top;
      // What is cut off is lost whatever the codes are, and more of it with every smaller clip.
      const beyond = Math.min(bins, Math.ceil(cut * perUnit) + 1);
      const lost =
        energy - squares[beyond]! - 2 * cut * (total - sums[beyond]!) + cut * cut * (all - counts[beyond]!) - slack;
      if (lost > reach) break;
      let [high, doubt, from] = [0, slack, 0];
      for (let code = 0; code <= top; code++) {
        const border = code === top ? bins : Math.min(bins, Math.floor((code + 0.5) * scale * perUnit) + 1);
        if (border <= from) continue;
        const value = code * scale;
        const n = counts[border]! - counts[from]!;
        high += squares[border]! - squares[from]! - 2 * value * (sums[border]! - sums[from]!) + value * value * n;
        if (code < top) doubt += (2 * scale * held[border - 1]!) / perUnit;
        from = border;
      }
      intervals.push({ i, low: high - doubt });
      reach = Math.min(reach, high + slack);
    }
    return intervals.flatMap(({ i, low }) => (low <= reach ? [i] : [])).reverse();
  }
}

/** Of each place what comes before it. */
function toRunning(sums: Float64Array): void {
  let before = 0;
  for (let at = 0; at < sums.length; at++) {
    const own = sums[at]!;
    sums[at] = before;
    before += own;
  }
}

/** For one search after the other, by their number of bins. */
const known = new Map<number, MagnitudeBins>();

function binsFor(values: number): MagnitudeBins {
  const count = Math.min(MOST_BINS, 2 ** Math.ceil(Math.log2(2 * Math.max(8, values))));
  const bins = known.get(count) ?? new MagnitudeBins(1, count);
  known.set(count, bins);
  return bins;
}
