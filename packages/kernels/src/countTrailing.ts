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
  /**
   * Slots from this one on have no table. Of them is counted how many words reach a threshold in the bits after the leading ones:
   * `thresholds[slot - borders]`, counted in `above[slot - borders]`.
   */
  readonly borders: number;
  readonly thresholds: Uint32Array;
}

/**
 * Counts how words go on after their leading bits, into tables of 2^digitBits counters, or of 2^(shift − digitBits) with `second`, and how
 * many reach the thresholds of slots that have one.
 */
export const countTrailing: Kernel<
  [words: Uint32Array, plan: TrailingPlan, tables: Uint32Array, above: Uint32Array],
  void
> = {
  name: 'countTrailing',
  plain(words, { shift, mask, slots, digitBits, second, borders, thresholds }, tables, above) {
    const leftBits = shift - digitBits;
    for (let i = 0; i < words.length; i++) {
      const word = words[i]! & mask;
      const slot = slots[word >>> shift]!;
      if (slot < 0) continue;
      const trailing = word & (2 ** shift - 1);
      if (slot >= borders) {
        if (trailing >= thresholds[slot - borders]!) above[slot - borders]!++;
        continue;
      }
      const place = slot * 2 ** digitBits + (trailing >>> leftBits);
      if (second === null) tables[place]!++;
      else if (second[place]! >= 0) tables[second[place]! * 2 ** leftBits + (word & (2 ** leftBits - 1))]!++;
    }
  },
  simd: (wasm) => (words, plan, tables, above) => {
    const { shift, mask, digitBits, borders } = plan;
    const frame = wasm.frame();
    const x = frame.input(words);
    const slots = frame.input(plan.slots);
    const second = plan.second === null ? 0 : frame.input(plan.second);
    const thresholds = frame.input(plan.thresholds);
    const counters = frame.inout(tables);
    const reached = frame.inout(above);
    const found = frame.scratch(8 * 1025);
    if (frame.full) return countTrailing.plain(words, plan, tables, above);
    wasm.exports.countTrailing(
      x,
      words.length,
      shift,
      mask,
      slots,
      digitBits,
      second,
      counters,
      borders,
      thresholds,
      reached,
      found,
      plan.thresholds.length > 0 ? 1 : 0,
    );
    frame.done();
  },
};
