import type { Rng } from '@espalier/base';
import { type BitMask, maskFromBits } from '../mask.js';

/** Numbers that are drawn at once: a multiple of 8. */
const BATCH = 1 << 14;

/**
 * A uniform random subset of exactly `kept` weights. The weights are visited in C order and each takes one number of the generator, so that a
 * seed means the same mask everywhere. (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S.)
 */
export function randomMask(elements: number, kept: number, rng: Rng): BitMask {
  const bits = new Uint8Array(Math.ceil(elements / 8));
  let left = kept;
  eachBatch(elements, rng, (numbers, begin) => {
    let missing = left;
    for (let i = 0; i < numbers.length; i++) {
      if ((numbers[i]! / 2 ** 32) * (elements - begin - i) >= missing) continue;
      missing--;
      bits[(begin + i) >>> 3]! |= 1 << (i & 7);
    }
    left = missing;
  });
  return { kind: 'bits', elements, kept: kept - left, bits };
}

/** Every weight stays with the same probability: the count is binomial. One number of the generator a weight, in C order. */
export function bernoulliMask(elements: number, density: number, rng: Rng): BitMask {
  const bits = new Uint8Array(Math.ceil(elements / 8));
  const limit = density * 2 ** 32;
  eachBatch(elements, rng, (numbers, begin) => {
    for (let i = 0; i < numbers.length; i++) if (numbers[i]! < limit) bits[(begin + i) >>> 3]! |= 1 << (i & 7);
  });
  return maskFromBits(elements, bits);
}

function eachBatch(elements: number, rng: Rng, visit: (numbers: Uint32Array, begin: number) => void): void {
  const numbers = new Uint32Array(BATCH);
  for (let begin = 0; begin < elements; begin += BATCH) {
    const own = numbers.subarray(0, Math.min(BATCH, elements - begin));
    rng.fill(own);
    visit(own, begin);
  }
}
