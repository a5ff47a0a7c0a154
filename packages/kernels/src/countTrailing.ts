import type { Kernel } from './kernel.js';

/**
 * Counts how words go on after their leading bits, for the leading bits that have a slot. `slots` has an entry for each of
 * `(word & mask) >>> shift`: the number of a table, or −1. `tables` holds 2^shift counters for each slot.
 */
export const countTrailing: Kernel<
  [words: Uint32Array, shift: number, mask: number, slots: Int16Array, tables: Uint32Array],
  void
> = {
  name: 'countTrailing',
  plain(words, shift, mask, slots, tables) {
    const low = 2 ** shift - 1;
    for (let i = 0; i < words.length; i++) {
      const word = words[i]! & mask;
      const slot = slots[word >>> shift]!;
      if (slot >= 0) tables[slot * 2 ** shift + (word & low)]!++;
    }
  },
  simd: (wasm) => (words, shift, mask, slots, tables) => {
    const frame = wasm.frame();
    const x = frame.input(words);
    const places = frame.input(slots);
    const counters = frame.inout(tables);
    if (frame.full) return countTrailing.plain(words, shift, mask, slots, tables);
    wasm.exports.countTrailing(x, words.length, shift, mask, places, counters);
    frame.done();
  },
};
