import { seeded, type Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import { WordReader } from '../wordWindows.js';
import { selectWord } from './selectWord.js';

/** Bits of magnitudes as f32, both ends included. */
export interface Bracket {
  readonly low: number;
  readonly high: number;
}

/** Up to so many weights no sample is worth its while: all are collected. */
const SMALL = 1 << 22;
const INFINITY_WORD = 0x7f80_0000;
const BLOCK = 256;
/** One block for so many weights, within limits. */
const WEIGHTS_PER_BLOCK = 1 << 16;
const [FEWEST, MOST] = [512, 8192] as const;
/** Standard errors on either side of the estimate. Should the threshold lie outside all the same, everything is counted. */
const ERRORS = 4;

/**
 * Magnitudes between which the `k`-th smallest of all weights lies, in all likelihood: an estimate from blocks of a sample, spread over all tensors. The
 * spread between blocks tells how sure it is. The same tensors give the same bracket.
 */
export async function bracketOf(
  entries: readonly TensorEntry[],
  k: number,
  work: Work,
  small = SMALL,
): Promise<Bracket> {
  const elements = entries.reduce((sum, entry) => sum + entry.elements, 0);
  if (elements <= small) return { low: 0, high: INFINITY_WORD };
  const blocks = Math.min(MOST, Math.max(FEWEST, Math.ceil(elements / WEIGHTS_PER_BLOCK)));
  const sample = await sampleOf(entries, elements / blocks, work);
  const share = (k - 0.5) / elements;
  const at = (rank: number): number =>
    selectWord([sample.words], Math.min(sample.words.length - 1, Math.max(0, Math.floor(rank))));
  const middle = at(share * sample.words.length);
  const error = ERRORS * errorOfShare(sample, middle) + 2 / sample.words.length;
  const [from, to] = [share - error, share + error];
  return {
    low: from <= 0 ? 0 : at(from * sample.words.length),
    high: to >= 1 ? INFINITY_WORD : at(to * sample.words.length + 1),
  };
}

interface Sample {
  /** Magnitudes, block after block. */
  readonly words: Uint32Array;
  readonly ends: readonly number[];
}

/** One block from each stretch of `spacing` weights, at a place in it that chance decides: a fixed one might always meet the same columns. */
async function sampleOf(entries: readonly TensorEntry[], spacing: number, work: Work): Promise<Sample> {
  const rng = seeded(1);
  const reader = new WordReader(BLOCK);
  const parts: Uint32Array[] = [];
  const ends: number[] = [];
  let total = 0;
  let owed = 0;
  try {
    for (const entry of entries) {
      owed += entry.elements / spacing;
      const count = Math.floor(owed);
      owed -= count;
      for (let i = 0; i < count; i++) {
        work.signal.throwIfAborted();
        const length = Math.min(BLOCK, entry.elements);
        const stretch = entry.elements / count;
        const begin = Math.floor(Math.min(entry.elements - length, (i + rng.next()) * stretch));
        const block = await reader.read(entry, begin, length, work.signal);
        parts.push(block.map((word) => word & 0x7fff_ffff));
        total += length;
        ends.push(total);
      }
    }
  } finally {
    reader.release();
  }
  const all = new Uint32Array(total);
  let to = 0;
  for (const part of parts) {
    all.set(part, to);
    to += part.length;
  }
  return { words: all, ends };
}

/** Standard error of the share of weights below a magnitude, as blocks of a sample tell it. */
function errorOfShare({ words, ends }: Sample, magnitude: number): number {
  let squares = 0;
  let sum = 0;
  let begin = 0;
  for (const end of ends) {
    let below = 0;
    for (let i = begin; i < end; i++) if (words[i]! < magnitude) below++;
    const share = below / (end - begin);
    sum += share;
    squares += share * share;
    begin = end;
  }
  const mean = sum / ends.length;
  return Math.sqrt(Math.max(0, squares / ends.length - mean * mean) / ends.length);
}
