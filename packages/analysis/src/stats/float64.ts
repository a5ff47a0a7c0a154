import type { Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import { mergeStructure } from '../structure/structure.js';
import { bitRun, emptyAccumulator } from './accumulator.js';
import { digestAccumulator } from './digest.js';
import { deviations, nearZerosIn } from './float32.js';
import { binOf, histogramBins } from './histogram.js';
import type { ElementRange, FirstAnswer, FirstQuestion, RefineAnswer, RefineQuestion } from './question.js';
import { readFloat64, WINDOW_ELEMENTS, windows } from './windows.js';

const WINDOW = WINDOW_ELEMENTS / 2;

/** First read of f64 values, plainly: types that f32 would round are rare in checkpoints. */
export async function firstOfFloat64(
  entry: TensorEntry,
  head: TensorHead,
  question: FirstQuestion,
  ranges: readonly ElementRange[],
  work: Work,
): Promise<FirstAnswer> {
  const all = emptyAccumulator();
  const digest = digestAccumulator(question.digest);
  const counts = question.keep ? null : new Float64Array(65_536);
  let values: Float64Array | null = null;
  const structures = [];
  for (const range of ranges) {
    const bits = bitRun(head, question.structure, range.begin, range.end, WINDOW);
    const zerosBefore = all.zeros;
    for await (const { begin, data: x } of windows(range, WINDOW, 8, work, (at, count) =>
      readFloat64(entry, at, count, work.signal),
    )) {
      const place = bits.at(begin, x.length);
      place.fill(0);
      const words = new Uint32Array(x.buffer, x.byteOffset, 2 * x.length);
      for (let i = 0; i < x.length; i++) {
        const value = x[i]!;
        if (value === 0) {
          all.zeros++;
          place[i >> 3]! |= 1 << (i & 7);
        }
        if (counts !== null) counts[words[2 * i + 1]! >>> 16]!++;
        if (!Number.isFinite(value)) {
          if (Number.isNaN(value)) all.nan++;
          else all.inf++;
          all.firstNonFinite ??= begin + i;
          continue;
        }
        if (value < all.min) all.min = value;
        if (value > all.max) all.max = value;
        all.sum += value;
        all.sumSquares += value * value;
      }
      digest.addFloat64(x, begin);
      if (counts === null) values = x.slice();
    }
    all.elements += range.end - range.begin;
    all.shares.push((all.zeros - zerosBefore) / (range.end - range.begin));
    structures.push(bits.structure());
  }
  all.exactZeros = all.zeros;
  return { kind: 'first', ...all, counts, values, digest: digest.sum(), structure: mergeStructure(structures) };
}

/** A further read of f64 values: the 16 bits after `knownBits`. */
export async function refineFloat64(
  entry: TensorEntry,
  question: RefineQuestion,
  ranges: readonly ElementRange[],
  work: Work,
): Promise<RefineAnswer> {
  const slots = new Map(question.prefixes.map((prefix, slot) => [prefix, slot]));
  const next = question.prefixes.map(() => new Float64Array(65_536));
  const histogram = question.histogram === null ? null : new Float64Array(histogramBins);
  let squaredDeviations = 0;
  let nearZeros = 0;
  for (const range of ranges) {
    for await (const { data: x } of windows(range, WINDOW, 8, work, (at, count) =>
      readFloat64(entry, at, count, work.signal),
    )) {
      const words = new Uint32Array(x.buffer, x.byteOffset, 2 * x.length);
      for (let i = 0; i < x.length; i++) {
        const slot = slots.get(leadingBits(words[2 * i + 1]!, words[2 * i]!, question.knownBits));
        if (slot !== undefined) next[slot]![nextBits(words[2 * i + 1]!, words[2 * i]!, question.knownBits)]!++;
      }
      if (histogram !== null) {
        const { low, high } = question.histogram!;
        for (let i = 0; i < x.length; i++) if (Number.isFinite(x[i])) histogram[binOf(x[i]!, low, high)]!++;
      }
      if (question.deviationsFrom !== null) squaredDeviations += deviations(x, question.deviationsFrom);
      if (question.nearLimit !== null) nearZeros += nearZerosIn(x, question.nearLimit);
    }
  }
  return { kind: 'refine', next, histogram, squaredDeviations, nearZeros };
}

function leadingBits(high: number, low: number, known: number): number {
  if (known === 16) return high >>> 16;
  if (known === 32) return high >>> 0;
  return (high >>> 0) * 65_536 + (low >>> 16);
}

function nextBits(high: number, low: number, known: number): number {
  if (known === 16) return high & 0xffff;
  return known === 32 ? low >>> 16 : low & 0xffff;
}
