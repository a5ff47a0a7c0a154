import type { Kernel } from './kernel.js';

/** Which words are counted, and where. */
export interface TrailingPlan {
  /** Bits below the leading ones. */
  readonly shift: number;
  /** All bits, or all but the sign. */
  readonly mask: number;
  /** For each leading pattern `(word & mask) >>> shift` a slot, or −1. */
  readonly slots: Int16Array;
  /** Bits of the digit that follows the leading ones. */
  readonly digitBits: number;
  /** Null: each slot has a table for its digits. Else for each slot and digit a table for all bits that are left, or −1. */
  readonly second: Int16Array | null;
}

/** Counts how words go on after their leading bits, into tables of 2^digitBits counters, or of 2^(shift − digitBits) with `second`. */
export const countTrailing: Kernel<[words: Uint32Array, plan: TrailingPlan, tables: Uint32Array], void> = {
  name: 'countTrailing',
  plain(words, { shift, mask, slots, digitBits, second }, tables) {
    const leftBits = shift - digitBits;
    for (let i = 0; i < words.length; i++) {
      const word = words[i]! & mask;
      const slot = slots[word >>> shift]!;
      if (slot < 0) continue;
      const place = slot * 2 ** digitBits + ((word & (2 ** shift - 1)) >>> leftBits);
      if (second === null) tables[place]!++;
      else if (second[place]! >= 0) tables[second[place]! * 2 ** leftBits + (word & (2 ** leftBits - 1))]!++;
    }
  },
  simd: (wasm) => (words, plan, tables) => {
    const { shift, mask, digitBits } = plan;
    const frame = wasm.frame();
    const x = frame.input(words);
    const slots = frame.input(plan.slots);
    const second = plan.second === null ? 0 : frame.input(plan.second);
    const counters = frame.inout(tables);
    if (frame.full) return countTrailing.plain(words, plan, tables);
    wasm.exports.countTrailing(x, words.length, shift, mask, slots, digitBits, second, counters);
    frame.done();
  },
};
