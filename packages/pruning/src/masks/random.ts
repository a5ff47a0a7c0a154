import type { Rng } from '@espalier/base';
import { type BitMask, maskOf } from '../mask.js';

/**
 * A uniform random subset of exactly `kept` weights. The weights are visited in C order and each takes one number of the generator, so that a
 * seed means the same mask everywhere. (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S.)
 */
export function randomMask(elements: number, kept: number, rng: Rng): BitMask {
  let left = kept;
  return maskOf(elements, (i) => {
    const chosen = rng.next() * (elements - i) < left;
    if (chosen) left--;
    return chosen;
  });
}

/** Every weight stays with the same probability: the count is binomial. One number of the generator a weight, in C order. */
export const bernoulliMask = (elements: number, density: number, rng: Rng): BitMask =>
  maskOf(elements, () => rng.next() < density);
