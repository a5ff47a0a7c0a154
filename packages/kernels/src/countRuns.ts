import type { Kernel } from './kernel.js';

/** Adds the number of bits set in each run of `length` bits to `counts`, one a run: zeros by row, from zero bits. */
export const countRuns: Kernel<[bits: Uint8Array, length: number, counts: Uint32Array], void> = {
  name: 'countRuns',
  plain(bits, length, counts) {
    for (let run = 0; run < counts.length; run++) {
      for (let i = run * length; i < (run + 1) * length; i++) counts[run]! += (bits[i >> 3]! >> (i & 7)) & 1;
    }
  },
  simd: (wasm) => (bits, length, counts) => {
    const frame = wasm.frame();
    const place = frame.input(bits);
    frame.scratch(64);
    const totals = frame.inout(counts);
    if (frame.full) return countRuns.plain(bits, length, counts);
    wasm.exports.countRuns(place, counts.length, length, totals);
    frame.done();
  },
};
