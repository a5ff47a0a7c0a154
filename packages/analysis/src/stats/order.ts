import { QUANTILES } from '../facts.js';

/** What the order of the values tells: quantiles, the kept magnitudes, how many are nearly zero, the histogram. */
export interface OrderFacts {
  readonly quantiles: readonly number[] | null;
  readonly absmin: number | null;
  readonly absMedian: number | null;
  readonly abs99: number | null;
  readonly nearZeros: number;
  readonly histogram: { readonly low: number; readonly high: number; readonly counts: readonly number[] } | null;
  /** Sum of squared differences from the mean of the finite values, all of them times `scale`. */
  readonly squaredDeviations: number;
  /** A power of two: 1, unless squares of F64 values would vanish or overflow. */
  readonly scale: number;
}

/** The scale at which squares of values up to `absmax` are numbers like any other. */
export function scaleOf(absmax: number): number {
  if (absmax === 0 || (absmax > 1e-100 && absmax < 1e100)) return 1;
  return 2 ** -Math.max(-1000, Math.min(1000, Math.round(Math.log2(absmax))));
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
