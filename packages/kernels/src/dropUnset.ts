import type { Kernel } from './kernel.js';

/** Bytes of an element. */
export type ElementWidth = 1 | 2 | 4 | 8;

/**
 * Overwrites, in place, the elements whose bit is 0. Bits are least significant first, the first one belongs to the first element.
 * `pattern` is what is written, little-endian: an unsigned number of at most 32 bits; of wider elements the other bits become 0.
 */
export const dropUnset: Kernel<[bytes: Uint8Array, width: ElementWidth, bits: Uint8Array, pattern: number], void> = {
  name: 'dropUnset',
  plain: drop,
  simd: (wasm) => (bytes, width, bits, pattern) => {
    const frame = wasm.frame();
    const length = bytes.length / width;
    const x = frame.inout(bytes);
    const kept = frame.input(bits.subarray(0, Math.ceil(length / 8)));
    if (frame.full) return drop(bytes, width, bits, pattern);
    wasm.exports.dropUnset(x, length, width, kept, pattern);
    frame.done();
  },
};

function drop(bytes: Uint8Array, width: ElementWidth, bits: Uint8Array, pattern: number): void {
  const length = bytes.length / width;
  for (let i = 0; i < length; i++) {
    if ((bits[i >> 3]! >> (i & 7)) & 1) continue;
    for (let byte = 0; byte < width; byte++) bytes[i * width + byte] = byte < 4 ? pattern >>> (8 * byte) : 0;
  }
}
