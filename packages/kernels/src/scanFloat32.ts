import type { Kernel } from './kernel.js';

/** What one look at a window of f32 values tells. Sums and extremes are over the finite values; −0 counts as 0. */
export interface Float32Scan {
  readonly zeros: number;
  readonly nan: number;
  readonly inf: number;
  /** +Infinity where there is no finite value. */
  readonly min: number;
  /** −Infinity where there is no finite value. */
  readonly max: number;
  readonly sum: number;
  readonly sumSquares: number;
}

/**
 * One-pass statistics of a window. `zeroBits` receives one bit an element, least significant first, set for ±0: `ceil(length / 8)` bytes,
 * unused bits of the last one clear. Sums are right to about 1e-7 of the sum of |x|, with `precise` to the precision of doubles.
 */
export const scanFloat32: Kernel<[x: Float32Array, zeroBits: Uint8Array, precise: boolean], Float32Scan> = {
  name: 'scanFloat32',
  plain(x, zeroBits) {
    let zeros = 0;
    let nan = 0;
    let inf = 0;
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    let sum = 0;
    let sumSquares = 0;
    zeroBits.fill(0, 0, Math.ceil(x.length / 8));
    for (let i = 0; i < x.length; i++) {
      const value = x[i]!;
      if (value === 0) {
        zeros++;
        zeroBits[i >> 3]! |= 1 << (i & 7);
      }
      if (!Number.isFinite(value)) {
        if (Number.isNaN(value)) nan++;
        else inf++;
        continue;
      }
      if (value < min) min = value;
      if (value > max) max = value;
      sum += value;
      sumSquares += value * value;
    }
    return { zeros, nan, inf, min: min + 0, max: max + 0, sum, sumSquares };
  },
  simd: (wasm) => (x, zeroBits, precise) => {
    const frame = wasm.frame();
    const values = frame.input(x);
    const bits = frame.output(zeroBits.subarray(0, Math.ceil(x.length / 8)));
    if (frame.full) return scanFloat32.plain(x, zeroBits, precise);
    wasm.exports.scanFloat32(values, x.length, bits, wasm.results, precise ? 1 : 0);
    frame.done();
    const { resultsF64, resultsF32, resultsU32 } = wasm;
    return {
      sum: resultsF64[0]!,
      sumSquares: resultsF64[1]!,
      min: resultsF32[4]! + 0,
      max: resultsF32[5]! + 0,
      zeros: resultsU32[6]!,
      nan: resultsU32[7]!,
      inf: resultsU32[8]!,
    };
  },
};
