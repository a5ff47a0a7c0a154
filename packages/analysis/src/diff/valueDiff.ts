import { attempt, breathe, type Fault, fail, type Result, unravel, type Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { Values } from '@espalier/tensor';
import type { ValueDiff } from '../comparison.js';
import { noValues } from '../stats/tensorStats.js';
import { LargestDeltas } from './largest.js';
import { type Overlap, overlapOf, type PairedRun, pairedRuns } from './pairs.js';

const LARGEST = 8;
const BINS = 64;
/** Elements compared between turns of the event loop. */
const ELEMENTS_PER_BREATH = 1 << 22;

/**
 * Compares the values of one tensor in two files, in windows. Zeros are zeros by the quantization where there is one. Reshaped tensors are
 * compared over the rows and columns that both have. The histogram takes a second read where the tensor does not fit a window. Faults:
 * those of the sources, `tensor/no-values`.
 */
export async function valueDiff(
  before: TensorEntry,
  after: TensorEntry,
  work: Work,
): Promise<Result<ValueDiff, Fault>> {
  for (const entry of [before, after]) {
    if (entry.data.kind === 'none' && entry.data.why !== 'empty') return fail(noValues(entry));
  }
  return attempt(async () => {
    const overlap = overlapOf(before.shape, after.shape);
    const totals = emptyTotals();
    const largest = new LargestDeltas(LARGEST);
    await eachRun(before, after, overlap, work, (run) => addRun(totals, largest, run));
    const histogram = totals.low <= totals.high ? await histogramOf(before, after, overlap, totals, work) : null;
    return report(before, after, overlap, totals, largest, histogram);
  });
}

interface Totals {
  elements: number;
  changed: number;
  newZeros: number;
  newKept: number;
  zeroInBoth: number;
  maxAbsDelta: number;
  squaredDelta: number;
  squaredBefore: number;
  squaredAfter: number;
  /** Range of the finite differences of changed values. */
  low: number;
  high: number;
}

const emptyTotals = (): Totals => ({
  elements: 0,
  changed: 0,
  newZeros: 0,
  newKept: 0,
  zeroInBoth: 0,
  maxAbsDelta: 0,
  squaredDelta: 0,
  squaredBefore: 0,
  squaredAfter: 0,
  low: Number.POSITIVE_INFINITY,
  high: Number.NEGATIVE_INFINITY,
});

async function eachRun(
  before: TensorEntry,
  after: TensorEntry,
  overlap: Overlap,
  work: Work,
  visit: (run: PairedRun) => void,
): Promise<void> {
  let sinceBreath = 0;
  for await (const run of pairedRuns(before, after, overlap, work)) {
    visit(run);
    sinceBreath += run.before.length;
    if (sinceBreath < ELEMENTS_PER_BREATH) continue;
    sinceBreath = 0;
    await breathe();
    work.signal.throwIfAborted();
  }
}

function addRun(totals: Totals, largest: LargestDeltas, { before, after, begin }: PairedRun): void {
  let { changed, newZeros, newKept, zeroInBoth, maxAbsDelta, squaredDelta, squaredBefore, squaredAfter, low, high } =
    totals;
  let floor = largest.floor;
  for (let i = 0; i < before.length; i++) {
    const a = before[i]!;
    const b = after[i]!;
    if (Number.isFinite(a)) squaredBefore += a * a;
    if (Number.isFinite(b)) squaredAfter += b * b;
    if (a === b) {
      if (a === 0) zeroInBoth++;
      continue;
    }
    if (Number.isNaN(a) && Number.isNaN(b)) continue;
    changed++;
    if (b === 0) newZeros++;
    else if (a === 0) newKept++;
    const delta = b - a;
    const size = Math.abs(delta);
    if (size > maxAbsDelta || Number.isNaN(size)) maxAbsDelta = size;
    squaredDelta += delta * delta;
    if (size < Number.POSITIVE_INFINITY) {
      if (delta < low) low = delta;
      if (delta > high) high = delta;
    }
    if (!(size <= floor)) {
      largest.offer({ at: begin + i, before: a, after: b });
      floor = largest.floor;
    }
  }
  totals.elements += before.length;
  Object.assign(totals, {
    changed,
    newZeros,
    newKept,
    zeroInBoth,
    maxAbsDelta,
    squaredDelta,
    squaredBefore,
    squaredAfter,
    low,
    high,
  });
}

async function histogramOf(
  before: TensorEntry,
  after: TensorEntry,
  overlap: Overlap,
  totals: Totals,
  work: Work,
): Promise<ValueDiff['histogram']> {
  const { low, high, elements, changed } = totals;
  const counts = new Array<number>(BINS).fill(0);
  const range = high - low;
  const bin = (delta: number): number =>
    range === 0 ? 0 : Math.min(BINS - 1, Math.floor(((delta - low) / range) * BINS));
  await eachRun(before, after, overlap, work, (run) => {
    const [a, b]: [Values, Values] = [run.before, run.after];
    for (let i = 0; i < a.length; i++) {
      const delta = b[i]! - a[i]!;
      if (delta !== 0 && Number.isFinite(delta)) counts[bin(delta)]!++;
    }
  });
  return { low, high, counts, same: elements - changed };
}

function report(
  before: TensorEntry,
  after: TensorEntry,
  overlap: Overlap,
  totals: Totals,
  largest: LargestDeltas,
  histogram: ValueDiff['histogram'],
): ValueDiff {
  const { elements, changed, newZeros, newKept, zeroInBoth, maxAbsDelta } = totals;
  const ratio = (count: number): number => (elements === 0 ? 0 : count / elements);
  return {
    name: after.name,
    ...(before.name === after.name ? {} : { nameBefore: before.name }),
    elements,
    changed,
    maskChanged: newZeros + newKept,
    newZeros,
    newKept,
    zeroInBoth,
    keptInBoth: elements - newZeros - newKept - zeroInBoth,
    maxAbsDelta,
    l2Delta: Math.sqrt(totals.squaredDelta),
    l2Before: Math.sqrt(totals.squaredBefore),
    l2After: Math.sqrt(totals.squaredAfter),
    sparsityBefore: ratio(zeroInBoth + newKept),
    sparsityAfter: ratio(zeroInBoth + newZeros),
    largest: largest
      .list()
      .map(({ at, before: a, after: b }) => ({ index: unravel(at, overlap.shape), before: a, after: b })),
    histogram,
  };
}
