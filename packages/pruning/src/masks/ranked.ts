import { roundHalfEven } from '../roundHalfEven.js';

/**
 * Which of some scored parts stay, when exactly round-half-even(sparsity × parts) go: those with the smallest score, of equal ones the first.
 * NaN scores never go before others.
 */
export function keepRanked(scores: ArrayLike<number>, sparsity: number): Uint8Array {
  const kept = new Uint8Array(scores.length).fill(1);
  const score = (i: number): number => (Number.isNaN(scores[i]!) ? Number.POSITIVE_INFINITY : scores[i]!);
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => score(a) - score(b) || a - b);
  for (const i of order.slice(0, roundHalfEven(sparsity * scores.length))) kept[i] = 0;
  return kept;
}
