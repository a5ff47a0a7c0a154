import type { Kernel } from './kernel.js';

/** Start masks of the SIMD form: a slab of 32 768 bits, the first bits of the next, and room to read eight bytes at once. */
const MASK_BYTES = 32_768 / 8 + 64;

/** How many groups along one axis have enough zeros. `groupsM` counts the complete groups of M, `zerosNofM` those with at least N zeros. */
export interface GroupCounts {
  readonly groups2: number;
  readonly groups4: number;
  readonly groups8: number;
  /** 1:2 */
  readonly one2: number;
  /** 2:4 */
  readonly two4: number;
  /** 1:4 (three of four are zero) */
  readonly one4: number;
  /** 4:8 */
  readonly four8: number;
}

/**
 * Groups of 2, 4 and 8 consecutive elements along an axis of `length` with `inner` elements below and `outer` above, other indices fixed.
 * `bits` has one bit an element, least significant first, set for zeros. Incomplete groups at the end of the axis are left out.
 */
export const nmGroups: Kernel<[bits: Uint8Array, outer: number, length: number, inner: number], GroupCounts> = {
  name: 'nmGroups',
  plain(bits, outer, length, inner) {
    const at = (o: number, k: number, i: number): number => {
      const element = (o * length + k) * inner + i;
      return (bits[Math.floor(element / 8)]! >> (element & 7)) & 1;
    };
    let one2 = 0;
    let two4 = 0;
    let one4 = 0;
    let four8 = 0;
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        for (let k = 0; k + 2 <= length; k += 2) one2 += at(o, k, i) | at(o, k + 1, i);
        for (let k = 0; k + 4 <= length; k += 4) {
          const zeros = at(o, k, i) + at(o, k + 1, i) + at(o, k + 2, i) + at(o, k + 3, i);
          if (zeros >= 2) two4++;
          if (zeros >= 3) one4++;
        }
        for (let k = 0; k + 8 <= length; k += 8) {
          let zeros = 0;
          for (let j = 0; j < 8; j++) zeros += at(o, k + j, i);
          if (zeros >= 4) four8++;
        }
      }
    }
    const lines = outer * inner;
    return {
      groups2: lines * Math.floor(length / 2),
      groups4: lines * Math.floor(length / 4),
      groups8: lines * Math.floor(length / 8),
      one2,
      two4,
      one4,
      four8,
    };
  },
  simd: (wasm) => (bits, outer, length, inner) => {
    const lines = outer * inner;
    const totals = {
      groups2: lines * Math.floor(length / 2),
      groups4: lines * Math.floor(length / 4),
      groups8: lines * Math.floor(length / 8),
    };
    if (totals.groups2 === 0) return { ...totals, one2: 0, two4: 0, one4: 0, four8: 0 };
    const frame = wasm.frame();
    const place = frame.input(bits);
    const masks = frame.scratch(3 * MASK_BYTES);
    if (frame.full) return nmGroups.plain(bits, outer, length, inner);
    wasm.exports.nmGroups(place, outer, length, inner, masks, MASK_BYTES, wasm.results);
    const [one2, two4, one4, four8] = wasm.resultsF64;
    return { ...totals, one2: one2!, two4: two4!, one4: one4!, four8: four8! };
  },
};
