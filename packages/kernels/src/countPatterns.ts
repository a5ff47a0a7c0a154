import type { Kernel } from './kernel.js';

/** Adds one to `counts` at the bit pattern of every element. `counts` has 65 536 places; a place holds up to 2³² − 1. */
export const countPatterns16: Kernel<[x: Uint16Array, counts: Uint32Array], void> = {
  name: 'countPatterns16',
  plain(x, counts) {
    for (let i = 0; i < x.length; i++) counts[x[i]!]!++;
  },
  simd: () => countPatterns16.plain,
};

/** The same for bytes; `counts` has 256 places. */
export const countPatterns8: Kernel<[x: Uint8Array, counts: Uint32Array], void> = {
  name: 'countPatterns8',
  plain(x, counts) {
    for (let i = 0; i < x.length; i++) counts[x[i]!]!++;
  },
  simd: () => countPatterns8.plain,
};
