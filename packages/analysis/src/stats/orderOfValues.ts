import { HISTOGRAM_BINS, histogramBin } from '@espalier/kernels';
import { type OrderFacts, reportedRanks, scaleOf } from './order.js';

/** Values with how often each occurs, and the order they stand in. */
interface WeightedValues {
  readonly values: Float32Array | Float64Array;
  readonly counts: Float64Array;
  /** Indices of finite values, ascending by value and by magnitude. */
  readonly bySize: Uint32Array;
  readonly byMagnitude: Uint32Array;
}

/** Order facts of a small tensor, from its values. */
export function orderOfValues(
  values: Float32Array | Float64Array,
  zeros: number,
  mean: number,
  nearLimit: number,
): OrderFacts {
  const counts = new Float64Array(values.length).fill(1);
  return orderOfWeighted({ values, counts, ...ordersOf(values) }, zeros, mean, nearLimit);
}

/** Order facts from the counts of bit patterns. */
export function orderOfPatterns(
  counts: Float64Array,
  meaning: Float32Array,
  zeros: number,
  mean: number,
  nearLimit: number,
): OrderFacts {
  let orders = known.get(meaning);
  if (orders === undefined) {
    orders = ordersOf(meaning);
    known.set(meaning, orders);
  }
  return orderOfWeighted({ values: meaning, counts, ...orders }, zeros, mean, nearLimit);
}

type Orders = Pick<WeightedValues, 'bySize' | 'byMagnitude'>;

/** The order of all values of a type is the same for every tensor. */
const known = new WeakMap<Float32Array, Orders>();

function ordersOf(values: Float32Array | Float64Array): Orders {
  const finite = Uint32Array.from(values.keys()).filter((i) => Number.isFinite(values[i]));
  return {
    bySize: finite.slice().sort((a, b) => values[a]! - values[b]!),
    byMagnitude: finite.sort((a, b) => Math.abs(values[a]!) - Math.abs(values[b]!)),
  };
}

function orderOfWeighted(weighted: WeightedValues, zeros: number, mean: number, nearLimit: number): OrderFacts {
  const { values, counts, bySize, byMagnitude } = weighted;
  const present = presentIn(bySize, counts);
  let finite = 0;
  let nearZeros = 0;
  let squaredDeviations = 0;
  const last = present.length - 1;
  const scale = last < 0 ? 1 : scaleOf(Math.max(Math.abs(values[present[0]!]!), Math.abs(values[present[last]!]!)));
  for (const i of present) {
    const [value, times] = [values[i]!, counts[i]!];
    finite += times;
    if (Math.abs(value) <= nearLimit) nearZeros += times;
    squaredDeviations += times * ((value - mean) * scale) ** 2;
  }
  const ranks = reportedRanks(finite, zeros);
  // Only few of the 65 536 patterns of a narrow type may occur.
  const magnitude = pick(presentIn(byMagnitude, counts), values, counts, ranks.magnitude).map(Math.abs);
  return {
    quantiles: finite === 0 ? null : pick(present, values, counts, ranks.signed),
    absmin: magnitude[0] ?? null,
    absMedian: magnitude[1] ?? null,
    abs99: magnitude[2] ?? null,
    nearZeros,
    histogram: finite === 0 ? null : histogramOf(weighted, present),
    squaredDeviations,
    scale,
  };
}

function presentIn(order: Uint32Array, counts: Float64Array): Uint32Array {
  const present = new Uint32Array(order.length);
  let length = 0;
  for (let k = 0; k < order.length; k++) {
    const i = order[k]!;
    if (counts[i]! > 0) present[length++] = i;
  }
  return present.subarray(0, length);
}

/** The values at some ascending ranks. */
function pick(
  order: Uint32Array,
  values: Float32Array | Float64Array,
  counts: Float64Array,
  ranks: readonly number[],
): number[] {
  const found: number[] = [];
  let at = 0;
  let passed = 0;
  for (const rank of ranks) {
    while (passed + counts[order[at]!]! <= rank) passed += counts[order[at++]!]!;
    found.push(values[order[at]!]! + 0);
  }
  return found;
}

function histogramOf({ values, counts: times }: WeightedValues, present: Uint32Array): OrderFacts['histogram'] {
  const counts = new Array<number>(HISTOGRAM_BINS).fill(0);
  const low = values[present[0]!]! + 0;
  const high = values[present[present.length - 1]!]! + 0;
  for (const i of present) counts[histogramBin(values[i]!, low, high)]! += times[i]!;
  return { low, high, counts };
}
