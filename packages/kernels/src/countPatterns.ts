import type { Kernel } from './kernel.js';

/** Places for zeros behind two tables: eight for +0, eight for −0. */
const ZERO_PLACES = 16;

/**
 * Counters for patterns with this many places: two tables that are used in turn and places for zeros, all of 32 bits. `foldCounts` adds
 * them up; a counter must not be asked to go beyond 2³² − 1 before.
 */
export const counterLength = (places: number): number => 2 * places + ZERO_PLACES;

/** Counters for bytes: eight tables. */
export const BYTE_COUNTERS = 8 * 256;

/**
 * Adds one at the bit pattern of every element. `counts` has `counterLength(65536)` counters. `sparse` is a hint that most elements are ±0
 * (0x0000 and 0x8000), which then are counted apart; the folded counts are the same.
 */
export const countPatterns16: Kernel<[x: Uint16Array, counts: Uint32Array, sparse: boolean], void> = {
  name: 'countPatterns16',
  plain(x, counts) {
    for (let i = 0; i < x.length; i++) counts[x[i]!]!++;
  },
  simd: (wasm) => (x, counts, sparse) => {
    const frame = wasm.frame();
    const patterns = frame.input(x);
    const counters = frame.inout(counts);
    if (frame.full) return countPatterns16.plain(x, counts, sparse);
    wasm.exports.countPatterns16(patterns, x.length, counters, sparse ? 1 : 0);
    frame.done();
  },
};

/** The same for bytes; `counts` has `BYTE_COUNTERS` counters. */
export const countPatterns8: Kernel<[x: Uint8Array, counts: Uint32Array], void> = {
  name: 'countPatterns8',
  plain(x, counts) {
    for (let i = 0; i < x.length; i++) counts[x[i]!]!++;
  },
  simd: (wasm) => (x, counts) => {
    const frame = wasm.frame();
    const patterns = frame.input(x);
    const counters = frame.inout(counts);
    if (frame.full) return countPatterns8.plain(x, counts);
    wasm.exports.countPatterns8(patterns, x.length, counters);
    frame.done();
  },
};

/** Places that the leading bits `(word & mask) >>> shift` can take. `mask` has all bits, or all but the sign. */
export const leadingPlaces = (shift: number, mask: number): number => (mask >>> shift) + 1;

/** Adds one at the leading bits of every 32-bit word; `counts` has `counterLength(leadingPlaces(shift, mask))` counters. `sparse` as above. */
export const countLeading: Kernel<
  [words: Uint32Array, shift: number, mask: number, counts: Uint32Array, sparse: boolean],
  void
> = {
  name: 'countLeading',
  plain(words, shift, mask, counts) {
    for (let i = 0; i < words.length; i++) counts[(words[i]! & mask) >>> shift]!++;
  },
  simd: (wasm) => (words, shift, mask, counts, sparse) => {
    const frame = wasm.frame();
    const x = frame.input(words);
    const counters = frame.inout(counts);
    if (frame.full) return countLeading.plain(words, shift, mask, counts, sparse);
    wasm.exports.countLeading(x, words.length, shift, mask, leadingPlaces(shift, mask), counters, sparse ? 1 : 0);
    frame.done();
  },
};

/** Adds counters up into `totals`, one double a place, and clears them. */
export function foldCounts(counts: Uint32Array, totals: Float64Array): void {
  const places = totals.length;
  if (counts.length === BYTE_COUNTERS) {
    for (let i = 0; i < counts.length; i++) if (i % 256 < places) totals[i % 256]! += counts[i]!;
  } else {
    for (let place = 0; place < places; place++) totals[place]! += counts[place]! + counts[places + place]!;
    // −0 is the pattern in the middle: only the sign bit is set.
    for (let i = 0; i < ZERO_PLACES; i++) totals[i < 8 ? 0 : places / 2]! += counts[2 * places + i]!;
  }
  counts.fill(0);
}
