import type { Kernel } from './kernel.js';

/** How many elements satisfy |x| ≤ limit, an f32 value. NaN is never near zero. */
export const countNearZero: Kernel<[x: Float32Array, limit: number], number> = {
  name: 'countNearZero',
  plain(x, limit) {
    let count = 0;
    for (const value of x) if (Math.abs(value) <= limit) count++;
    return count;
  },
  simd: (wasm) => (x, limit) => {
    const frame = wasm.frame();
    const values = frame.input(x);
    return frame.full ? countNearZero.plain(x, limit) : wasm.exports.countNearZero(values, x.length, limit);
  },
};
