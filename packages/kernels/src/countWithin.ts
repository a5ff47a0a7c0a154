import type { Kernel } from './kernel.js';

export interface SizeCounts {
  /** Words whose magnitude is below the range. */
  readonly below: number;
  /** Words within it, its ends included. */
  readonly within: number;
  readonly nan: number;
  /** Zeros of either sign. */
  readonly zeros: number;
}

/**
 * Counts the words whose bits without the sign, as |w| of singles orders, lie below a range, and writes those within it to `found`, in order. `found` has room
 * for all words. NaN is above every number, and within a range that reaches so far.
 */
export const countWithin32: Kernel<[words: Uint32Array, low: number, high: number, found: Uint32Array], SizeCounts> = {
  name: 'countWithin32',
  plain(words, low, high, found) {
    let below = 0;
    let within = 0;
    let nan = 0;
    let zeros = 0;
    for (let i = 0; i < words.length; i++) {
      const size = words[i]! & 0x7fff_ffff;
      if (size > 0x7f80_0000) nan++;
      if (size === 0) zeros++;
      if (size < low) below++;
      else if (size <= high) found[within++] = size;
    }
    return { below, within, nan, zeros };
  },
  simd: (wasm) => (words, low, high, found) => {
    const frame = wasm.frame();
    const x = frame.input(words);
    const place = frame.output(found.subarray(0, words.length));
    if (frame.full) return countWithin32.plain(words, low, high, found);
    const within = wasm.exports.countWithin32(x, words.length, low, high, place, wasm.results);
    frame.done();
    const [below, nan, zeros] = wasm.resultsU32;
    return { below: below!, within, nan: nan!, zeros: zeros! };
  },
};
