import type { Work } from '@espalier/base';
import type { RawData } from '@espalier/checkpoint';
import { kernels } from '@espalier/kernels';
import type { TensorHead } from '@espalier/model';
import { mergeStructure } from '../structure/structure.js';
import { bitRun, emptyAccumulator } from './accumulator.js';
import { digestAccumulator } from './digest.js';
import type { ElementRange, FirstAnswer, FirstQuestion } from './question.js';
import { meaningOf, readPatterns, WINDOW_ELEMENTS, windows } from './windows.js';

/** The only read of types of at most 16 bits: how often each bit pattern occurs. Every figure follows from that, exactly. */
export async function firstOfPatterns(
  data: RawData,
  head: TensorHead,
  question: FirstQuestion,
  width: 16 | 8 | 4,
  ranges: readonly ElementRange[],
  work: Work,
): Promise<FirstAnswer> {
  const k = kernels();
  const meaning = meaningOf(data, width);
  const counts = new Uint32Array(width === 16 ? 65_536 : 256);
  const total = new Float64Array(2 ** width);
  const all = emptyAccumulator();
  const digest = digestAccumulator(question.digest);
  const structures = [];
  const count = (words: Uint16Array | Uint8Array): void =>
    words instanceof Uint16Array ? k.countPatterns16(words, counts) : k.countPatterns8(words, counts);
  const finite = meaning.values.every((value) => Number.isFinite(value));
  let sinceFold = 0;
  for (const range of ranges) {
    const bits = bitRun(head, question.structure, range.begin, range.end, WINDOW_ELEMENTS);
    let zeros = 0;
    for await (const { begin, data: words } of windows(range, WINDOW_ELEMENTS, width / 8, work, (at, n) =>
      readPatterns(data, width, at, n, work.signal),
    )) {
      count(words);
      sinceFold += words.length;
      if (meaning.zero !== null) {
        const { mask, match } = meaning.zero;
        const place = bits.at(begin, words.length);
        zeros +=
          words instanceof Uint16Array
            ? k.matchBits16(words, mask, match, place)
            : k.matchBits8(words, mask, match, place);
      }
      if (!finite && all.firstNonFinite === null) all.firstNonFinite = firstNonFinite(words, meaning.values, begin);
      digest.addMapped(words, meaning.values, begin);
      if (sinceFold > 2 ** 31) {
        fold(counts, total);
        sinceFold = 0;
      }
    }
    all.zeros += zeros;
    all.elements += range.end - range.begin;
    all.shares.push(zeros / (range.end - range.begin));
    structures.push(bits.structure());
  }
  fold(counts, total);
  return {
    kind: 'first',
    ...all,
    ...fromCounts(total, meaning.values),
    zeros: all.zeros,
    counts: total,
    values: null,
    digest: digest.sum(),
    structure: mergeStructure(structures),
  };
}

/** Counters of 32 bits go into doubles before they can overflow. */
function fold(counts: Uint32Array, total: Float64Array): void {
  for (let pattern = 0; pattern < total.length; pattern++) total[pattern]! += counts[pattern]!;
  counts.fill(0);
}

function firstNonFinite(words: Uint16Array | Uint8Array, values: Float32Array, begin: number): number | null {
  for (let i = 0; i < words.length; i++) if (!Number.isFinite(values[words[i]!]!)) return begin + i;
  return null;
}

/** Sums and extremes from counts. */
function fromCounts(
  counts: Float64Array,
  values: Float32Array,
): Pick<FirstAnswer, 'exactZeros' | 'nan' | 'inf' | 'min' | 'max' | 'sum' | 'sumSquares'> {
  let exactZeros = 0;
  let nan = 0;
  let inf = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let sumSquares = 0;
  for (let pattern = 0; pattern < counts.length; pattern++) {
    const times = counts[pattern]!;
    if (times === 0) continue;
    const value = values[pattern]!;
    if (Number.isNaN(value)) nan += times;
    else if (!Number.isFinite(value)) inf += times;
    else {
      if (value === 0) exactZeros += times;
      if (value < min) min = value;
      if (value > max) max = value;
      sum += times * value;
      sumSquares += times * value * value;
    }
  }
  return { exactZeros, nan, inf, min, max, sum, sumSquares };
}
