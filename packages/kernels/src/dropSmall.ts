import type { Kernel } from './kernel.js';

/**
 * Makes words +0, in place, whose bits without the sign are below `threshold`, and of those equal to it the first `ties`. Returns how many
 * ties were used up. |w| of a single orders like these bits, with NaN above everything.
 */
export const dropSmall32: Kernel<[words: Uint32Array, threshold: number, ties: number], number> = {
  name: 'dropSmall32',
  plain: (words, threshold, ties) => drop(words, 0x7fff_ffff, threshold, ties),
  simd: (wasm) => (words, threshold, ties) => {
    const frame = wasm.frame();
    const x = frame.inout(words);
    if (frame.full) return drop(words, 0x7fff_ffff, threshold, ties);
    const used = wasm.exports.dropSmall32(x, words.length, threshold, Math.min(ties, words.length));
    frame.done();
    return used;
  },
};

/** The same for halves and bfloat16, whose magnitudes order like their bits as well. */
export const dropSmall16: Kernel<[words: Uint16Array, threshold: number, ties: number], number> = {
  name: 'dropSmall16',
  plain: (words, threshold, ties) => drop(words, 0x7fff, threshold, ties),
  simd: (wasm) => (words, threshold, ties) => {
    const frame = wasm.frame();
    const x = frame.inout(words);
    if (frame.full) return drop(words, 0x7fff, threshold, ties);
    const used = wasm.exports.dropSmall16(x, words.length, threshold, Math.min(ties, words.length));
    frame.done();
    return used;
  },
};

function drop(words: Uint32Array | Uint16Array, size: number, threshold: number, ties: number): number {
  let used = 0;
  for (let i = 0; i < words.length; i++) {
    const magnitude = words[i]! & size;
    if (magnitude > threshold || (magnitude === threshold && used === ties)) continue;
    if (magnitude === threshold) used++;
    words[i] = 0;
  }
  return used;
}
