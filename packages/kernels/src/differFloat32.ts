import type { Kernel } from './kernel.js';

/** What differs between two windows; all differences are after − before in double precision. NaN equals NaN, −0 equals +0. */
export interface Float32Difference {
  changed: number;
  newZeros: number;
  newKept: number;
  zeroInBoth: number;
  /** NaN once a NaN stands against a number. */
  maxAbsDelta: number;
  squaredDelta: number;
  /** Of the finite values. */
  squaredBefore: number;
  squaredAfter: number;
  /** Range of the finite differences of changed values. */
  low: number;
  high: number;
}

export const noDifference = (): Float32Difference => ({
  changed: 0,
  newZeros: 0,
  newKept: 0,
  zeroInBoth: 0,
  maxAbsDelta: 0,
  squaredDelta: 0,
  squaredBefore: 0,
  squaredAfter: 0,
  low: Number.POSITIVE_INFINITY,
  high: Number.NEGATIVE_INFINITY,
});

/** Adds the difference of two windows of equal length to `totals`. */
export const differFloat32: Kernel<
  [before: Float32Array | Float64Array, after: Float32Array | Float64Array, totals: Float32Difference],
  void
> = {
  name: 'differFloat32',
  plain(before, after, totals) {
    let { changed, newZeros, newKept, zeroInBoth, maxAbsDelta, squaredDelta, squaredBefore, squaredAfter, low, high } =
      totals;
    for (let i = 0; i < before.length; i++) {
      const a = before[i]!;
      const b = after[i]!;
      if (Number.isFinite(a)) squaredBefore += a * a;
      if (Number.isFinite(b)) squaredAfter += b * b;
      if (a === b) {
        if (a === 0) zeroInBoth++;
        continue;
      }
      if (Number.isNaN(a) && Number.isNaN(b)) continue;
      changed++;
      if (b === 0) newZeros++;
      else if (a === 0) newKept++;
      const delta = b - a;
      const size = Math.abs(delta);
      if (size > maxAbsDelta || Number.isNaN(size)) maxAbsDelta = size;
      squaredDelta += delta * delta;
      if (size < Number.POSITIVE_INFINITY) {
        if (delta < low) low = delta;
        if (delta > high) high = delta;
      }
    }
    Object.assign(totals, {
      changed,
      newZeros,
      newKept,
      zeroInBoth,
      maxAbsDelta,
      squaredDelta,
      squaredBefore,
      squaredAfter,
      low,
      high,
    });
  },
  simd: (wasm) => (before, after, totals) => {
    const frame = wasm.frame();
    const a = frame.input(before);
    const b = frame.input(after);
    const single = before instanceof Float32Array && after instanceof Float32Array;
    if (frame.full || !single) return differFloat32.plain(before, after, totals);
    const out = wasm.resultsF64;
    FIELDS.forEach((field, i) => {
      out[i] = totals[field];
    });
    wasm.exports.differFloat32(a, b, before.length, wasm.results);
    FIELDS.forEach((field, i) => {
      totals[field] = out[i]!;
    });
  },
};

/** In the order of the module. */
const FIELDS = [
  'changed',
  'newZeros',
  'newKept',
  'zeroInBoth',
  'maxAbsDelta',
  'squaredDelta',
  'squaredBefore',
  'squaredAfter',
  'low',
  'high',
] as const satisfies readonly (keyof Float32Difference)[];
