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
  const kept = new Uint8Array(scores.length).fill(1);
  let scored = 0;
  for (let i = 0; i < scores.length; i++) if (!Number.isNaN(scores[i]!)) scored++;
  const wanted = roundHalfEven(sparsity * scores.length);
  const going = Math.min(wanted, scored);
  if (going === 0) return { kept, spared: wanted };
  const { threshold, below } = smallest(scores, going - 1);
  let ties = going - below;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    if (score > threshold || Number.isNaN(score) || (score === threshold && ties === 0)) continue;
    if (score === threshold) ties--;
    kept[i] = 0;
  }
  return { kept, spared: wanted - going };
}

/** Leading bits of a score by which it is counted first: the exponent, and nine bits of the rest. */
const LEADING_SHIFT = 11;

/** The score of a rank, counted from 0, and how many are smaller. NaN does not count. Scores order like the bits of their upper halves, then by value. */
function smallest(scores: Float64Array, rank: number): { readonly threshold: number; readonly below: number } {
  const upper = upperHalves(scores);
  const counts = new Float64Array(2 ** (32 - LEADING_SHIFT));
  for (let i = 0; i < scores.length; i++) if (!Number.isNaN(scores[i]!)) counts[upper(i) >>> LEADING_SHIFT]!++;
  let before = 0;
  let leading = 0;
  while (before + counts[leading]! <= rank) before += counts[leading++]!;
  const among = new Float64Array(counts[leading]!);
  let filled = 0;
  for (let i = 0; i < scores.length; i++)
    if (upper(i) >>> LEADING_SHIFT === leading && !Number.isNaN(scores[i]!)) among[filled++] = scores[i]!;
  among.sort();
  const threshold = among[rank - before]!;
  return { threshold, below: before + among.indexOf(threshold) };
}

/** The upper 32 bits of each number, on machines of either byte order. */
function upperHalves(scores: Float64Array): (index: number) => number {
  const words = new Uint32Array(scores.buffer, scores.byteOffset, 2 * scores.length);
  const upper = new Uint32Array(Float64Array.of(-0).buffer)[1] === 0 ? 0 : 1;
  return (index) => words[2 * index + upper]!;
}
