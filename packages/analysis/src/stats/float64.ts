import type { Work } from '@espalier/base';
import { HISTOGRAM_BINS, histogramBin } from '@espalier/kernels';
import type { TensorHead } from '@espalier/model';
import { Accumulator } from './accumulator.js';
import { digestAccumulator } from './digest.js';
import type { ElementRange, FirstAnswer, FirstQuestion, RefineAnswer, RefineQuestion } from './question.js';
import { BLOCK_ELEMENTS, type TensorReader } from './reader.js';

/** First read of f64 values, plainly: types that f32 would round are rare in checkpoints. Leading bits are always 16. */
export async function firstOfFloat64(
  reader: TensorReader,
  head: TensorHead,
  question: FirstQuestion,
  ranges: readonly ElementRange[],
  work: Work,
): Promise<FirstAnswer> {
  const all = new Accumulator(head, question.structure, ranges);
  const digest = digestAccumulator(question.digest);
  const counts = question.order === 'keep' || question.order === null ? null : new Float64Array(65_536);
  let values: Float64Array | null = null;
  try {
    for (const part of all.parts) {
      all.open(part);
      for await (const { begin, data } of reader.windows([part], work, reader.float64)) {
        for (let at = 0; at < data.length; at += BLOCK_ELEMENTS) {
          const x = data.subarray(at, at + BLOCK_ELEMENTS);
          all.add(scanFloat64(x, all.bits(begin + at, x.length), counts), begin + at, x);
          digest.addFloat64(x, begin + at);
        }
        if (question.order === 'keep') values = data.slice();
      }
      all.close(part);
    }
    return all.answer({ counts, values, digest: digest.sum() });
  } finally {
    all.release();
    digest.release();
  }
}

/** As the kernel `scanFloat32`, and counts the 16 leading bits. */
function scanFloat64(x: Float64Array, bits: Uint8Array, counts: Float64Array | null): ReturnType<typeof totals> {
  const words = new Uint32Array(x.buffer, x.byteOffset, 2 * x.length);
  let zeros = 0;
  let nan = 0;
  let inf = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let sumSquares = 0;
  bits.fill(0);
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (counts !== null) counts[words[2 * i + 1]! >>> 16]!++;
    if (value === 0) {
      zeros++;
      bits[i >> 3]! |= 1 << (i & 7);
    }
    if (!Number.isFinite(value)) {
      if (Number.isNaN(value)) nan++;
      else inf++;
      continue;
    }
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    sumSquares += value * value;
  }
  return totals(zeros, nan, inf, min, max, sum, sumSquares);
}

const totals = (
  zeros: number,
  nan: number,
  inf: number,
  min: number,
  max: number,
  sum: number,
  sumSquares: number,
) => ({
  zeros,
  nan,
  inf,
  min,
  max,
  sum,
  sumSquares,
});

/** A further read of f64 values: the 16 bits after `knownBits`. */
export async function refineFloat64(
  reader: TensorReader,
  question: RefineQuestion,
  ranges: readonly ElementRange[],
  work: Work,
): Promise<RefineAnswer> {
  const { knownBits, deviationsFrom, deviationScale, nearLimit } = question;
  const slots = new Map(question.prefixes.map((prefix, slot) => [prefix, slot]));
  const next = question.prefixes.map(() => new Float64Array(65_536));
  const histogram = question.histogram === null ? null : new Float64Array(HISTOGRAM_BINS);
  let squaredDeviations = 0;
  let nearZeros = 0;
  for await (const { data: x } of reader.windows(ranges, work, reader.float64)) {
    const words = new Uint32Array(x.buffer, x.byteOffset, 2 * x.length);
    for (let i = 0; i < x.length; i++) {
      const slot = slots.get(leadingBits(words[2 * i + 1]!, words[2 * i]!, knownBits));
      if (slot !== undefined) next[slot]![followingBits(words[2 * i + 1]!, words[2 * i]!, knownBits)]!++;
    }
    if (histogram === null) continue;
    const { low, high } = question.histogram!;
    for (let i = 0; i < x.length; i++) {
      const value = x[i]!;
      if (!Number.isFinite(value)) continue;
      if (value !== 0) histogram[histogramBin(value, low, high)]!++;
      if (deviationsFrom !== null) squaredDeviations += ((value - deviationsFrom) * deviationScale) ** 2;
      if (nearLimit !== null && Math.abs(value) <= nearLimit) nearZeros++;
    }
  }
  return { kind: 'refine', next, histogram, above: null, squaredDeviations, nearZeros };
}

function leadingBits(high: number, low: number, known: number): number {
  if (known === 16) return high >>> 16;
  if (known === 32) return high >>> 0;
  return (high >>> 0) * 65_536 + (low >>> 16);
}

function followingBits(high: number, low: number, known: number): number {
  if (known === 16) return high & 0xffff;
  return known === 32 ? low >>> 16 : low & 0xffff;
}
