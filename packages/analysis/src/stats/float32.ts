import type { Work } from '@espalier/base';
import {
  counterLength,
  foldCounts,
  foldHistogram,
  HISTOGRAM_BINS,
  HISTOGRAM_COUNTERS,
  histogramBin,
  kernels,
  type Region,
} from '@espalier/kernels';
import type { TensorHead } from '@espalier/model';
import { Accumulator } from './accumulator.js';
import { digestAccumulator } from './digest.js';
import type { ElementRange, FirstAnswer, FirstQuestion, RefineAnswer, RefineQuestion } from './question.js';
import { BLOCK_ELEMENTS, type TensorReader } from './reader.js';

/** Above this share of zeros in a block, zeros are counted apart. */
export const SPARSE = 0.6;
/** A counter of 32 bits takes this many elements in any case. */
export const FOLD_ELEMENTS = 2 ** 31;
const ALL_BITS = 0xffff_ffff;

/** First read of f32 values: one-pass statistics, zero bits, digest, and how often each pattern of leading bits occurs. */
export async function firstOfFloat32(
  reader: TensorReader,
  head: TensorHead,
  question: FirstQuestion,
  ranges: readonly ElementRange[],
  work: Work,
): Promise<FirstAnswer> {
  const k = kernels();
  const all = new Accumulator(head, question.structure, ranges);
  const digest = digestAccumulator(question.digest);
  const leading =
    typeof question.order === 'object' && question.order !== null ? leadingCounter(question.order.leadingBits) : null;
  let values: Float32Array | null = null;
  try {
    for (const part of all.parts) {
      all.open(part);
      for await (const { begin, data } of reader.windows([part], work, reader.float32)) {
        for (let at = 0; at < data.values.length; at += BLOCK_ELEMENTS) {
          const x = data.values.subarray(at, at + BLOCK_ELEMENTS);
          const bits = all.bits(begin + at, x.length);
          const scan = k.scanFloat32(x, bits, question.precise);
          all.add(scan, begin + at, x);
          if (data.alsoZero !== null) all.addZeros(bits, data.alsoZero.subarray(at / 8, at / 8 + bits.length));
          digest.addFloat32(x, begin + at);
          leading?.add(x, scan.zeros > SPARSE * x.length);
        }
        if (question.order === 'keep') values = data.values.slice();
      }
      all.close(part);
    }
    return all.answer({ counts: leading?.totals() ?? null, values, digest: digest.sum() });
  } finally {
    all.release();
    leading?.release();
  }
}

/** Counts leading bits of f32 words over many blocks. */
interface LeadingCounter {
  add(x: Float32Array, sparse: boolean): void;
  totals(): Float64Array;
  release(): void;
}

function leadingCounter(leadingBits: number): LeadingCounter {
  const k = kernels();
  const totals = new Float64Array(2 ** leadingBits);
  const region = k.take(4 * counterLength(totals.length));
  const counts = cleared(region, counterLength(totals.length));
  let elements = 0;
  return {
    add(x, sparse) {
      k.countLeading(wordsOf(x), 32 - leadingBits, ALL_BITS, counts, sparse);
      elements += x.length;
      if (elements < FOLD_ELEMENTS) return;
      foldCounts(counts, totals);
      elements = 0;
    },
    totals() {
      foldCounts(counts, totals);
      return totals;
    },
    release: region.release,
  };
}

/** Counters in a region, all 0. */
export function cleared(region: Region, length: number): Uint32Array {
  return new Uint32Array(region.buffer, region.byteOffset, length).fill(0);
}

export const wordsOf = (x: Float32Array): Uint32Array => new Uint32Array(x.buffer, x.byteOffset, x.length);

/** A further read of f32 values: the bits that follow some leading patterns, the histogram, squared deviations. */
export async function refineFloat32(
  reader: TensorReader,
  question: RefineQuestion,
  ranges: readonly ElementRange[],
  work: Work,
): Promise<RefineAnswer> {
  const k = kernels();
  const { deviationsFrom, nearLimit } = question;
  const histogram = question.histogram === null ? null : histogramCounter(question.histogram);
  const trailing = trailingCounter(question);
  let squaredDeviations = 0;
  let nearZeros = 0;
  try {
    for await (const { data } of reader.windows(ranges, work, reader.float32)) {
      for (let at = 0; at < data.values.length; at += BLOCK_ELEMENTS) {
        const x = data.values.subarray(at, at + BLOCK_ELEMENTS);
        trailing?.add(x);
        histogram?.add(x);
        if (deviationsFrom !== null) squaredDeviations += k.deviations(x, deviationsFrom);
        if (nearLimit !== null) nearZeros += k.countNearZero(x, nearLimit);
      }
    }
    const { next, above } = trailing?.totals() ?? { next: [], above: null };
    return { kind: 'refine', next, histogram: histogram?.totals() ?? null, above, squaredDeviations, nearZeros };
  } finally {
    trailing?.release();
    histogram?.release();
  }
}

interface BlockCounter<Totals> {
  add(x: Float32Array): void;
  totals(): Totals;
  release(): void;
}

interface TrailingTotals {
  readonly next: Float64Array[];
  readonly above: Float64Array | null;
}

/**
 * Counts of the bits after some prefixes, and of values beyond borders. All prefixes share their first `slotBits` bits with a slot of the
 * kernel; where more bits are known, a second table leads from slot and digit to the prefix.
 */
function trailingCounter(question: RefineQuestion): BlockCounter<TrailingTotals> | null {
  const { slotBits, knownBits, nextBits, prefixes, borders } = question;
  if (prefixes.length === 0) return null;
  const k = kernels();
  const digits = 2 ** (knownBits - slotBits);
  const groups = [...new Set(prefixes.map((prefix) => Math.floor(prefix / digits)))];
  const slotRegion = k.take(2 * 2 ** slotBits);
  const slots = new Int16Array(slotRegion.buffer, slotRegion.byteOffset, 2 ** slotBits).fill(-1);
  for (const [slot, group] of groups.entries()) slots[group] = slot;
  for (const [border, prefix] of (borders?.prefixes ?? []).entries()) slots[prefix] = groups.length + border;
  const second = knownBits === slotBits ? null : new Int16Array(groups.length * digits).fill(-1);
  for (const [table, prefix] of prefixes.entries()) {
    if (second !== null) second[slots[Math.floor(prefix / digits)]! * digits + (prefix % digits)] = table;
  }
  const size = 2 ** nextBits;
  const borderCount = borders?.prefixes.length ?? 0;
  const region = k.take(4 * (prefixes.length * size + 2 * borderCount));
  const counts = cleared(region, prefixes.length * size + borderCount);
  const [tables, above] = [counts.subarray(0, prefixes.length * size), counts.subarray(prefixes.length * size)];
  const thresholds = new Uint32Array(region.buffer, above.byteOffset + above.byteLength, borderCount);
  thresholds.set(borders?.thresholds ?? []);
  const digitBits = knownBits === slotBits ? nextBits : knownBits - slotBits;
  const plan = { shift: 32 - slotBits, mask: ALL_BITS, slots, digitBits, second, borders: groups.length, thresholds };
  const totals = new Float64Array(counts.length);
  let elements = 0;
  const fold = (): void => {
    for (let i = 0; i < counts.length; i++) totals[i]! += counts[i]!;
    counts.fill(0);
    elements = 0;
  };
  return {
    add(x) {
      k.countTrailing(wordsOf(x), plan, tables, above);
      elements += x.length;
      if (elements >= FOLD_ELEMENTS) fold();
    },
    totals() {
      fold();
      const next = prefixes.map((_, table) => totals.slice(table * size, (table + 1) * size));
      return { next, above: borders === null ? null : totals.slice(prefixes.length * size) };
    },
    release() {
      slotRegion.release();
      region.release();
    },
  };
}

function histogramCounter({ low, high }: { readonly low: number; readonly high: number }): BlockCounter<Float64Array> {
  const k = kernels();
  const totals = new Float64Array(HISTOGRAM_BINS);
  const region = k.take(4 * HISTOGRAM_COUNTERS);
  const counts = cleared(region, HISTOGRAM_COUNTERS);
  let elements = 0;
  const fold = (): void => {
    foldHistogram(counts, totals);
    elements = 0;
  };
  return {
    add(x) {
      if (low < high) k.histogramFloat32(x, low, high, counts);
      else
        for (let i = 0; i < x.length; i++)
          if (x[i] !== 0 && Number.isFinite(x[i])) totals[histogramBin(x[i]!, low, high)]!++;
      elements += x.length;
      if (elements >= FOLD_ELEMENTS) fold();
    },
    totals() {
      fold();
      return totals;
    },
    release: region.release,
  };
}
