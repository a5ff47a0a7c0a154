import type { Kernel } from './kernel.js';

/**
 * One bit an element, least significant first: set where `element & mask` is `value`. Returns how many are set. `bits` receives
 * `ceil(length / 8)` bytes, unused bits of the last one clear.
 */
export const matchBits16: Kernel<[x: Uint16Array, mask: number, value: number, bits: Uint8Array], number> = {
  name: 'matchBits16',
  plain: match,
  simd: (wasm) => (x, mask, value, bits) => {
    const frame = wasm.frame();
    const patterns = frame.input(x);
    const place = frame.output(bits.subarray(0, Math.ceil(x.length / 8)));
    if (frame.full) return match(x, mask, value, bits);
    const count = wasm.exports.matchBits16(patterns, x.length, mask, value, place);
    frame.done();
    return count;
  },
};

/** The same for bytes. */
export const matchBits8: Kernel<[x: Uint8Array, mask: number, value: number, bits: Uint8Array], number> = {
  name: 'matchBits8',
  plain: match,
  simd: (wasm) => (x, mask, value, bits) => {
    const frame = wasm.frame();
    const patterns = frame.input(x);
    const place = frame.output(bits.subarray(0, Math.ceil(x.length / 8)));
    if (frame.full) return match(x, mask, value, bits);
    const count = wasm.exports.matchBits8(patterns, x.length, mask, value, place);
    frame.done();
    return count;
  },
};

function match(x: Uint16Array | Uint8Array, mask: number, value: number, bits: Uint8Array): number {
  bits.fill(0, 0, Math.ceil(x.length / 8));
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    if ((x[i]! & mask) !== value) continue;
    bits[i >> 3]! |= 1 << (i & 7);
    count++;
  }
  return count;
}
