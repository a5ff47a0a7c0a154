import { invariant, type Work } from '@espalier/base';
import type { RawData } from '@espalier/checkpoint';
import { BYTE_COUNTERS, counterLength, foldCounts, kernels } from '@espalier/kernels';
import type { TensorHead } from '@espalier/model';
import { Accumulator } from './accumulator.js';
import { digestAccumulator } from './digest.js';
import { cleared, FOLD_ELEMENTS, SPARSE } from './float32.js';
import { meaningOf, type PatternClass, type PatternMeaning } from './meaning.js';
import type { ElementRange, FirstAnswer, FirstQuestion } from './question.js';
import { BLOCK_ELEMENTS, type TensorReader } from './reader.js';

/** The only read of types of at most 16 bits: how often each bit pattern occurs. Every figure follows from that, exactly. */
export async function firstOfPatterns(
  reader: TensorReader,
  data: RawData,
  head: TensorHead,
  question: FirstQuestion,
  ranges: readonly ElementRange[],
  work: Work,
): Promise<FirstAnswer> {
  const { mode } = question;
  invariant(mode.kind === 'patterns', 'patterns are counted');
  const k = kernels();
  const meaning = meaningOf(data, mode.width);
  if (question.order === 'keep') return await smallTensor(reader, data, meaning, head, question, ranges, work);
  const places = 2 ** mode.width;
  const counters = mode.width === 16 ? counterLength(places) : BYTE_COUNTERS;
  const region = k.take(4 * counters);
  const counts = cleared(region, counters);
  const totals = new Float64Array(places);
  const all = new Accumulator(head, question.structure, ranges);
  const digest = digestAccumulator(question.digest, data, meaning.values);
  const scratch = new Uint8Array(BLOCK_ELEMENTS / 8);
  let sinceFold = 0;
  try {
    for (const part of all.parts) {
      all.open(part);
      for await (const { begin, data: window } of reader.windows([part], work, reader.patterns)) {
        for (let at = 0; at < window.length; at += BLOCK_ELEMENTS) {
          const x = window.subarray(at, at + BLOCK_ELEMENTS);
          const zeros = matchZeros(x, meaning.zero, all.bits(begin + at, x.length));
          if (x instanceof Uint16Array) k.countPatterns16(x, counts, zeros > SPARSE * x.length);
          else k.countPatterns8(x, counts);
          all.addPatterns(zeros, null);
          if (all.allFinite && countMatches(x, meaning.nonFinite, scratch) > 0) {
            all.addPatterns(0, firstNonFinite(x, meaning.values, begin + at));
          }
          digest.addPatterns(x, begin + at);
        }
        sinceFold += window.length;
        if (sinceFold < FOLD_ELEMENTS) continue;
        foldCounts(counts, totals);
        sinceFold = 0;
      }
      all.close(part);
    }
    foldCounts(counts, totals);
    return { ...all.answer({ counts: totals, values: null, digest: digest.sum() }), ...sumsOf(totals, meaning.values) };
  } finally {
    all.release();
    digest.release();
    region.release();
  }
}

/** A few values are looked at one by one: that takes less than going through 65 536 counters. */
async function smallTensor(
  reader: TensorReader,
  data: RawData,
  meaning: PatternMeaning,
  head: TensorHead,
  question: FirstQuestion,
  ranges: readonly ElementRange[],
  work: Work,
): Promise<FirstAnswer> {
  const k = kernels();
  const all = new Accumulator(head, question.structure, ranges);
  const digest = digestAccumulator(question.digest, data, meaning.values);
  const scratch = new Uint8Array(BLOCK_ELEMENTS / 8);
  let values: Float32Array | null = null;
  try {
    for (const part of all.parts) {
      all.open(part);
      for await (const { begin, data: x } of reader.windows([part], work, reader.patterns)) {
        values = new Float32Array(x.length);
        for (let i = 0; i < x.length; i++) values[i] = meaning.values[x[i]!]!;
        const scan = k.scanFloat32(values, scratch, true);
        all.add({ ...scan, zeros: 0 }, begin, values);
        all.addPatterns(matchZeros(x, meaning.zero, all.bits(begin, x.length)), null);
        all.addExactZeros(scan.zeros);
        digest.addPatterns(x, begin);
      }
      all.close(part);
    }
    return all.answer({ counts: null, values, digest: digest.sum() });
  } finally {
    all.release();
    digest.release();
  }
}

function matchZeros(x: Uint16Array | Uint8Array, zero: PatternClass | null, bits: Uint8Array): number {
  if (zero === null) bits.fill(0);
  return countMatches(x, zero, bits);
}

/** How many elements belong to a class; one bit each in `bits`. */
function countMatches(x: Uint16Array | Uint8Array, patterns: PatternClass | null, bits: Uint8Array): number {
  if (patterns === null) return 0;
  const k = kernels();
  const { mask, match } = patterns;
  return x instanceof Uint16Array ? k.matchBits16(x, mask, match, bits) : k.matchBits8(x, mask, match, bits);
}

function firstNonFinite(x: Uint16Array | Uint8Array, values: Float32Array, begin: number): number | null {
  for (let i = 0; i < x.length; i++) if (!Number.isFinite(values[x[i]!]!)) return begin + i;
  return null;
}

/** Sums and extremes from counts. */
function sumsOf(
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
