import type { Kernel } from './kernel.js';

/** Σ (x − from)² over the finite values. */
export const deviations: Kernel<[x: Float32Array, from: number], number> = {
  name: 'deviations',
  plain(x, from) {
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      const difference = x[i]! - from;
      if (Number.isFinite(difference)) sum += difference * difference;
    }
    return sum;
  },
  simd: (wasm) => (x, from) => {
    const frame = wasm.frame();
    const values = frame.input(x);
    return frame.full ? deviations.plain(x, from) : wasm.exports.deviations(values, x.length, from);
  },
};
