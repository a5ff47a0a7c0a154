import type { Kernel } from './kernel.js';

/** Bins of a histogram. */
export const HISTOGRAM_BINS = 256;
/** Counters of the histogram kernel: four tables of 256 bins and one place for what is left out. */
export const HISTOGRAM_COUNTERS = 4 * (HISTOGRAM_BINS + 1);

/**
 * 256 equal bins over [low, high], the last one closed: bin = min(255, ⌊(x − low) / (high − low) · 256⌋ in double precision. ±0, NaN and Inf
 * are left out. `low` and `high` are f32 values, low < high, and no value lies outside. `counts` has `HISTOGRAM_COUNTERS` counters, to be
 * folded by `foldHistogram`.
 */
export const histogramFloat32: Kernel<[x: Float32Array, low: number, high: number, counts: Uint32Array], void> = {
  name: 'histogramFloat32',
  plain(x, low, high, counts) {
    for (let i = 0; i < x.length; i++) {
      const value = x[i]!;
      if (value !== 0 && Number.isFinite(value)) counts[histogramBin(value, low, high)]!++;
    }
  },
  simd: (wasm) => (x, low, high, counts) => {
    const frame = wasm.frame();
    const values = frame.input(x);
    const counters = frame.inout(counts);
    // Ranges whose f32 arithmetic overflows or loses its precision are left to the plain form.
    if (frame.full || !(high - low > 1e-30 && high - low < 1e38)) return histogramFloat32.plain(x, low, high, counts);
    wasm.exports.histogramFloat32(values, x.length, low, high, counters);
    frame.done();
  },
};

/** Bin of one value; where all values are equal there is one bin, the first. */
export function histogramBin(x: number, low: number, high: number): number {
  if (high === low) return 0;
  const range = high - low;
  // The difference of two huge doubles overflows: halve both first, which is exact there.
  const share = Number.isFinite(range) ? (x - low) / range : (x / 2 - low / 2) / (high / 2 - low / 2);
  return Math.min(HISTOGRAM_BINS - 1, Math.floor(share * HISTOGRAM_BINS));
}

/** Adds the tables up into 256 totals, and clears them. */
export function foldHistogram(counts: Uint32Array, totals: Float64Array): void {
  for (let i = 0; i < counts.length; i++) {
    const bin = i % (HISTOGRAM_BINS + 1);
    if (bin < HISTOGRAM_BINS) totals[bin]! += counts[i]!;
  }
  counts.fill(0);
}
