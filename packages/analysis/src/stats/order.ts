import { QUANTILES } from '../facts.js';

/** What the order of the values tells: quantiles, the kept magnitudes, how many are nearly zero, the histogram. */
export interface OrderFacts {
  readonly quantiles: readonly number[] | null;
  readonly absmin: number | null;
  readonly absMedian: number | null;
  readonly abs99: number | null;
  readonly nearZeros: number;
  readonly histogram: { readonly low: number; readonly high: number; readonly counts: readonly number[] } | null;
  /** Sum of squared differences from the mean of the finite values. */
  readonly squaredDeviations: number;
}

/** Rank, from 0, of the smallest element such that at least this share of `count` elements is ≤ it. */
export const rankOf = (share: number, count: number): number => Math.max(0, Math.ceil(share * count) - 1);

export interface Ranks {
  /** Of the finite values, by value. */
  readonly signed: readonly number[];
  /** Of the finite values, by magnitude: the smallest kept one, the median and the 99th percentile of the kept ones. */
  readonly magnitude: readonly number[];
}

/** Ranks that are reported, of `finite` values of which `zeros` count as zero (those have the smallest magnitudes). */
export function reportedRanks(finite: number, zeros: number): Ranks {
  const kept = finite - zeros;
  return {
    signed: finite === 0 ? [] : QUANTILES.map((share) => rankOf(share, finite)),
    magnitude: kept <= 0 ? [] : [zeros, zeros + rankOf(0.5, kept), zeros + rankOf(0.99, kept)],
  };
}
