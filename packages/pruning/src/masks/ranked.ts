import { roundHalfEven } from '../roundHalfEven.js';

export interface Ranked {
  /** 1 for each part that stays. */
  readonly kept: Uint8Array;
  /** How many parts were to go but stay, since only parts without a score are left. */
  readonly spared: number;
}

/**
 * Which of some scored parts stay, when exactly round-half-even(sparsity × parts) go: those with the smallest score, of equal ones the first. Scores are 0 or
 * more; a part whose score is NaN never goes. No sort of all: the border is found by the leading bits of the scores.
 */
export function keepRanked(scores: Float64Array, sparsity: number): Ranked {
  const kept = new Uint8Array(scores.length);
  let scored = 0;
  for (let i = 0; i < scores.length; i++) scored += scores[i]! >= 0 ? 1 : 0;
  const wanted = roundHalfEven(sparsity * scores.length);
  const going = Math.min(wanted, scored);
  if (going === 0) return { kept: kept.fill(1), spared: wanted };
  const { threshold, below } = smallest(scores, going - 1);
  // Without branches that nobody can predict; what has no score is not below anything.
  for (let i = 0; i < scores.length; i++) kept[i] = scores[i]! <= threshold ? 0 : 1;
  let ties = going - below;
  for (let i = scores.indexOf(threshold); i >= 0; i = scores.indexOf(threshold, i + 1)) if (ties-- <= 0) kept[i] = 1;
  return { kept, spared: wanted - going };
}

/** Leading bits of a score by which it is counted first: the exponent, and five bits of the rest; the counts stay in the cache. */
const LEADING_SHIFT = 15;

/** The score of a rank, counted from 0, and how many are smaller. NaN does not count. Scores order like the bits of their upper halves, then by value. */
function smallest(scores: Float64Array, rank: number): { readonly threshold: number; readonly below: number } {
  const words = new Uint32Array(scores.buffer, scores.byteOffset, 2 * scores.length);
  const upper = UPPER_HALF;
  const counts = new Float64Array(2 ** (32 - LEADING_SHIFT));
  for (let i = 0; i < scores.length; i++) {
    const word = words[2 * i + upper]!;
    if (word <= INFINITY_WORD) counts[word >>> LEADING_SHIFT]!++;
  }
  let before = 0;
  let leading = 0;
  while (before + counts[leading]! <= rank) before += counts[leading++]!;
  const among = new Float64Array(counts[leading]!);
  let filled = 0;
  for (let i = 0; i < scores.length; i++) {
    const word = words[2 * i + upper]!;
    if (word >>> LEADING_SHIFT === leading && word <= INFINITY_WORD) among[filled++] = scores[i]!;
  }
  among.sort();
  const threshold = among[rank - before]!;
  return { threshold, below: before + among.indexOf(threshold) };
}

/** Which half of a number holds its upper 32 bits, on machines of either byte order. */
const UPPER_HALF = new Uint32Array(Float64Array.of(-0).buffer)[1] === 0 ? 0 : 1;

/** The upper half of infinity: those of NaN are larger, whatever it is that engines make of NaN (the quiet one has a bit set there). */
const INFINITY_WORD = 0x7ff00000;
