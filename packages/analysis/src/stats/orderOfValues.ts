import { HISTOGRAM_BINS, histogramBin } from '@espalier/kernels';
import { type OrderFacts, reportedRanks } from './order.js';

/** Values with how often each occurs; finite, in any order. */
export interface WeightedValues {
  readonly values: Float64Array;
  readonly counts: Float64Array;
}

/** Order facts of a small tensor, from its values. */
export function orderOfValues(
  values: Float32Array | Float64Array,
  zeros: number,
  mean: number,
  nearLimit: number,
): OrderFacts {
  const finite = Float64Array.from(values).filter((value) => Number.isFinite(value));
  return orderOfWeighted({ values: finite, counts: new Float64Array(finite.length).fill(1) }, zeros, mean, nearLimit);
}

/** Order facts from the counts of bit patterns. */
export function orderOfPatterns(
  counts: Float64Array,
  meaning: Float32Array,
  zeros: number,
  mean: number,
  nearLimit: number,
): OrderFacts {
  const values: number[] = [];
  const times: number[] = [];
  counts.forEach((count, pattern) => {
    if (count === 0 || !Number.isFinite(meaning[pattern])) return;
    values.push(meaning[pattern]!);
    times.push(count);
  });
  return orderOfWeighted(
    { values: Float64Array.from(values), counts: Float64Array.from(times) },
    zeros,
    mean,
    nearLimit,
  );
}

function orderOfWeighted(
  { values, counts }: WeightedValues,
  zeros: number,
  mean: number,
  nearLimit: number,
): OrderFacts {
  const finite = counts.reduce((sum, count) => sum + count, 0);
  const ranks = reportedRanks(finite, zeros);
  const bySize = ascending(values);
  const byMagnitude = ascending(values.map(Math.abs));
  const signed = pick(bySize, values, counts, ranks.signed);
  const magnitude = pick(byMagnitude, values, counts, ranks.magnitude).map(Math.abs);
  let nearZeros = 0;
  let squaredDeviations = 0;
  values.forEach((value, i) => {
    if (Math.abs(value) <= nearLimit) nearZeros += counts[i]!;
    squaredDeviations += counts[i]! * (value - mean) ** 2;
  });
  return {
    quantiles: finite === 0 ? null : signed,
    absmin: magnitude[0] ?? null,
    absMedian: magnitude[1] ?? null,
    abs99: magnitude[2] ?? null,
    nearZeros,
    histogram:
      finite === 0
        ? null
        : histogramOf(values, counts, values[bySize[0]!]! + 0, values[bySize[bySize.length - 1]!]! + 0),
    squaredDeviations,
  };
}

/** Indices in ascending order of their keys. */
function ascending(keys: Float64Array): Uint32Array {
  return Uint32Array.from(keys.keys()).sort((a, b) => keys[a]! - keys[b]!);
}

/** The values at some ascending ranks. */
function pick(order: Uint32Array, values: Float64Array, counts: Float64Array, ranks: readonly number[]): number[] {
  const found: number[] = [];
  let at = 0;
  let passed = 0;
  for (const rank of ranks) {
    while (passed + counts[order[at]!]! <= rank) passed += counts[order[at++]!]!;
    found.push(values[order[at]!]! + 0);
  }
  return found;
}

function histogramOf(values: Float64Array, times: Float64Array, low: number, high: number): OrderFacts['histogram'] {
  const counts = new Array<number>(HISTOGRAM_BINS).fill(0);
  values.forEach((value, i) => {
    counts[histogramBin(value, low, high)]! += times[i]!;
  });
  return { low, high, counts };
}
