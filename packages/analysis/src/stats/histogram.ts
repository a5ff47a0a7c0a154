/** Bins of the reported histogram. */
export const histogramBins = 256;

/**
 * Bin of a finite value within [low, high]: 256 equal bins, the last one closed. Computed in double precision as
 * ⌊(x − low) / (high − low) · 256⌋; where all values are equal there is one bin, the first.
 */
export function binOf(x: number, low: number, high: number): number {
  if (high === low) return 0;
  const range = high - low;
  // The difference of two huge values overflows: halve both first, which is exact there.
  const share = Number.isFinite(range) ? (x - low) / range : (x / 2 - low / 2) / (high / 2 - low / 2);
  return Math.min(histogramBins - 1, Math.floor(share * histogramBins));
}
