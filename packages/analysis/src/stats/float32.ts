import type { Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import { kernels } from '@espalier/kernels';
import type { TensorHead } from '@espalier/model';
import { mergeStructure } from '../structure/structure.js';
import { bitRun, emptyAccumulator } from './accumulator.js';
import { digestAccumulator } from './digest.js';
import { binOf, histogramBins } from './histogram.js';
import type { ElementRange, FirstAnswer, FirstQuestion, RefineAnswer, RefineQuestion } from './question.js';
import { readFloat32, WINDOW_ELEMENTS, windows } from './windows.js';

/** First read of f32 values: one-pass statistics, zero bits, digest, and how often each pattern of the 16 leading bits occurs. */
export async function firstOfFloat32(
  entry: TensorEntry,
  head: TensorHead,
  question: FirstQuestion,
  ranges: readonly ElementRange[],
  work: Work,
): Promise<FirstAnswer> {
  const k = kernels();
  const all = emptyAccumulator();
  const digest = digestAccumulator(question.digest);
  const counts = question.keep ? null : new Float64Array(65_536);
  let values: Float32Array | null = null;
  const structures = [];
  for (const range of ranges) {
    const bits = bitRun(head, question.structure, range.begin, range.end, WINDOW_ELEMENTS);
    const zerosBefore = all.zeros;
    for await (const { begin, data } of windows(range, WINDOW_ELEMENTS, 4, work, (at, count) =>
      readFloat32(entry, at, count, work.signal),
    )) {
      const x = data.values;
      const place = bits.at(begin, x.length);
      const scan = k.scanFloat32(x, place);
      all.exactZeros += scan.zeros;
      all.zeros += scan.zeros + alsoZeros(data.alsoZero, place);
      all.nan += scan.nan;
      all.inf += scan.inf;
      if (scan.nan + scan.inf > 0 && all.firstNonFinite === null)
        all.firstNonFinite = begin + x.findIndex((value) => !Number.isFinite(value));
      all.min = Math.min(all.min, scan.min);
      all.max = Math.max(all.max, scan.max);
      all.sum += scan.sum;
      all.sumSquares += scan.sumSquares;
      digest.addFloat32(x, begin);
      if (counts !== null) countLeading(x, counts);
      else values = x.slice();
    }
    all.elements += range.end - range.begin;
    all.shares.push((all.zeros - zerosBefore) / (range.end - range.begin));
    structures.push(bits.structure());
  }
  return { kind: 'first', ...all, counts, values, digest: digest.sum(), structure: mergeStructure(structures) };
}

/** Adds the zeros by the quantization to the exact ones; both sets of bits are disjoint. */
function alsoZeros(also: Uint8Array | null, place: Uint8Array): number {
  if (also === null) return 0;
  let count = 0;
  for (let i = 0; i < also.length; i++) {
    place[i]! |= also[i]!;
    for (let rest = also[i]!; rest !== 0; rest &= rest - 1) count++;
  }
  return count;
}

function countLeading(x: Float32Array, counts: Float64Array): void {
  const words = new Uint32Array(x.buffer, x.byteOffset, x.length);
  for (let i = 0; i < words.length; i++) counts[words[i]! >>> 16]!++;
}

/** Second read of f32 values: the 16 trailing bits of some leading patterns, the histogram, squared deviations. */
export async function refineFloat32(
  entry: TensorEntry,
  question: RefineQuestion,
  ranges: readonly ElementRange[],
  work: Work,
): Promise<RefineAnswer> {
  const slots = new Int16Array(65_536).fill(-1);
  question.prefixes.forEach((prefix, slot) => {
    slots[prefix] = slot;
  });
  const next = question.prefixes.map(() => new Float64Array(65_536));
  const histogram = question.histogram === null ? null : new Float64Array(histogramBins);
  let squaredDeviations = 0;
  let nearZeros = 0;
  for (const range of ranges) {
    for await (const { data } of windows(range, WINDOW_ELEMENTS, 4, work, (at, count) =>
      readFloat32(entry, at, count, work.signal),
    )) {
      const x = data.values;
      const words = new Uint32Array(x.buffer, x.byteOffset, x.length);
      for (let i = 0; i < x.length; i++) {
        const word = words[i]!;
        const slot = slots[word >>> 16]!;
        if (slot >= 0) next[slot]![word & 0xffff]!++;
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

export function deviations(x: Float32Array | Float64Array, from: number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const difference = x[i]! - from;
    if (Number.isFinite(difference)) sum += difference * difference;
  }
  return sum;
}

export function nearZerosIn(x: Float32Array | Float64Array, limit: number): number {
  let count = 0;
  for (let i = 0; i < x.length; i++) if (Math.abs(x[i]!) <= limit) count++;
  return count;
}
