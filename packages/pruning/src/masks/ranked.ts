import { roundHalfEven } from '../roundHalfEven.js';

export interface Ranked {
  /** 1 for each part that stays. */
  readonly kept: Uint8Array;
  /** How many parts were to go but stay, since only parts without a score are left. */
  readonly spared: number;
}

/**
 * Which of some scored parts stay, when exactly round-half-even(sparsity × parts) go: those with the smallest score, of equal ones the first. A
 * part whose score is NaN never goes.
 */
export function keepRanked(scores: ArrayLike<number>, sparsity: number): Ranked {
  const kept = new Uint8Array(scores.length).fill(1);
  // Typed arrays sort numbers, NaN last.
  const sorted = Float64Array.from(scores).sort();
  let scored = sorted.length;
  while (scored > 0 && Number.isNaN(sorted[scored - 1]!)) scored--;
  const wanted = roundHalfEven(sparsity * scores.length);
  const going = Math.min(wanted, scored);
  if (going === 0) return { kept, spared: wanted };
  const threshold = sorted[going - 1]!;
  let first = going - 1;
  while (first > 0 && sorted[first - 1] === threshold) first--;
  let ties = going - first;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    if (score > threshold || Number.isNaN(score) || (score === threshold && ties === 0)) continue;
    if (score === threshold) ties--;
    kept[i] = 0;
  }
  return { kept, spared: wanted - going };
}
