/** Equal bins as they came from the host. */
export interface Bins {
  readonly low: number;
  readonly high: number;
  readonly counts: readonly number[];
}

/** Bars to draw. The first and the last also hold what lies beyond them where `under` and `over` say so. */
export interface Bars {
  readonly low: number;
  readonly high: number;
  readonly counts: readonly number[];
  readonly under: boolean;
  readonly over: boolean;
  /** What stands apart: exact zeros, or values that stayed the same. */
  readonly apart: number;
  /** Where zero lies between `low` (0) and `high` (1); null outside. */
  readonly zeroPlace: number | null;
}

/** This share of the values may disappear into each end bar. */
const TAIL = 0.0005;

/**
 * Puts bins together into at most `most` bars, with thin tails gathered in the end bars. `apart` values of exactly zero are
 * taken out of the bin that holds zero if `included` says that they were counted there.
 */
export function histogramBars(bins: Bins, apart: number, included: boolean, most: number): Bars {
  const counts = [...bins.counts];
  const width = (bins.high - bins.low) / counts.length;
  if (included && counts.length > 0) {
    const zeroBin = width > 0 ? Math.max(0, Math.min(counts.length - 1, Math.floor((0 - bins.low) / width))) : 0;
    counts[zeroBin] = Math.max(0, counts[zeroBin]! - apart);
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  const [first, last] = body(counts, total * TAIL);
  const per = Math.max(1, Math.ceil((last - first + 1) / most));
  const bars: number[] = [];
  for (let i = first; i <= last; i += per)
    bars.push(counts.slice(i, Math.min(last + 1, i + per)).reduce((sum, count) => sum + count, 0));
  const before = counts.slice(0, first).reduce((sum, count) => sum + count, 0);
  const beyond = counts.slice(last + 1).reduce((sum, count) => sum + count, 0);
  if (bars.length > 0) {
    bars[0]! += before;
    bars[bars.length - 1]! += beyond;
  }
  const low = bins.low + first * width;
  const high = bins.low + Math.min(counts.length, first + bars.length * per) * width;
  const place = high > low ? (0 - low) / (high - low) : -1;
  return {
    low,
    high,
    counts: bars,
    under: before > 0,
    over: beyond > 0,
    apart,
    zeroPlace: place >= 0 && place <= 1 ? place : null,
  };
}

/** First and last bin without the tails of at most `tail` values each. */
function body(counts: readonly number[], tail: number): readonly [number, number] {
  let first = 0;
  for (let sum = 0; first < counts.length - 1; first++) {
    sum += counts[first]!;
    if (sum > tail) break;
  }
  let last = counts.length - 1;
  for (let sum = 0; last > first; last--) {
    sum += counts[last]!;
    if (sum > tail) break;
  }
  return [first, last];
}

/** Bounds of a bar. */
export function barRange(bars: Bars, bar: number): readonly [number, number] {
  const width = (bars.high - bars.low) / bars.counts.length;
  return [bars.low + bar * width, bars.low + (bar + 1) * width];
}
