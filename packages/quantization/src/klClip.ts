export const KL_BINS = 2048;

/** No probability counts as less. */
const LOG_LEAST = Math.log(1e-10);

/** Of small counts, which are most. */
const LOGS = Float64Array.from({ length: 1 << 16 }, (_, n) => Math.log(n));

/** Magnitudes in 2048 equal bins up to the maximum. */
export function histogramOf(values: ArrayLike<number>, max: number): Float64Array {
  const bins = new Float64Array(KL_BINS);
  addToHistogram(bins, values, 0, values.length, max);
  return bins;
}

export function addToHistogram(
  bins: Float64Array,
  values: ArrayLike<number>,
  begin: number,
  end: number,
  max: number,
): void {
  for (let i = begin; i < end; i++) {
    bins[Math.min(KL_BINS - 1, Math.floor((Math.abs(values[i]!) / max) * KL_BINS))]!++;
  }
}

/**
 * The cut at which the distribution of codes diverges least from that of the values (Migacz, "8-bit Inference with TensorRT", GTC 2017, in the form of the
 * specification: the tail's mass is added to the last bin kept, and each code's mass spread over its bins that hold something).
 *
 * Σ P ln(P / Q) over a span of bins is Σ P ln P less its mass times ln Q, which is one number for the span: three running sums give it without going through
 * the bins, and the bin with the tail is set right afterwards.
 */
export function klClip(
  histogram: Float64Array,
  max: number,
  bits: number,
): { readonly clip: number; readonly bins: number; readonly divergence: number } {
  const spans = 2 ** (bits - 1);
  // Of the bins before each: counts, how many hold something, Σ n ln n.
  const [mass, filled, entropy] = [0, 1, 2].map(() => new Float64Array(KL_BINS + 1)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let bin = 0; bin < KL_BINS; bin++) {
    const n = histogram[bin]!;
    mass[bin + 1] = mass[bin]! + n;
    filled[bin + 1] = filled[bin]! + (n > 0 ? 1 : 0);
    entropy[bin + 1] = entropy[bin]! + (n > 0 ? n * Math.log(n) : 0);
  }
  const all = mass[KL_BINS]!;
  const log = all < LOGS.length ? (n: number): number => LOGS[n]! : Math.log;
  let best = { bins: KL_BINS, divergence: Number.POSITIVE_INFINITY };
  for (let length = spans; length <= KL_BINS; length++) {
    const inside = mass[length]!;
    if (inside === 0) continue;
    let sum = entropy[length]!;
    const logInside = Math.log(inside);
    let lastLog = LOG_LEAST;
    for (let span = 0, begin = 0; span < spans; span++) {
      const end = Math.floor(((span + 1) * length) / spans);
      const own = mass[end]! - mass[begin]!;
      if (own > 0) {
        const each = Math.max(log(own) - log(filled[end]! - filled[begin]!) - logInside, LOG_LEAST);
        sum -= own * each;
        if (span === spans - 1) lastLog = each;
      }
      begin = end;
    }
    const tail = all - inside;
    if (tail > 0) {
      const n = histogram[length - 1]!;
      sum += (n + tail) * Math.log(n + tail) - (n > 0 ? n * Math.log(n) : 0);
      sum -= tail * (n > 0 ? lastLog : LOG_LEAST);
    }
    // Σ n (ln n − ln Q) / N − ln N, since the masses add up to N.
    const divergence = sum / all - Math.log(all);
    if (divergence < best.divergence) best = { bins: length, divergence };
  }
  return { ...best, clip: (best.bins / KL_BINS) * max };
}
