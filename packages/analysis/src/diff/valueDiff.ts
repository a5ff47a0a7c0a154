import { attempt, breathe, type Fault, fail, type Result, sizeOf, unravel, type Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import { type Float32Difference, kernels, noDifference } from '@espalier/kernels';
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
    const totals = noDifference();
    const elements = sizeOf(overlap.shape);
    const largest = new LargestDeltas(LARGEST);
    await eachRun(before, after, overlap, work, (run) => addRun(totals, largest, run));
    const histogram =
      totals.low <= totals.high ? await histogramOf(before, after, overlap, elements, totals, work) : null;
    return report(before, after, overlap, elements, totals, largest, histogram);
  });
}

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

/** Adds a run to the totals, and offers its largest differences where it has one that is large enough. */
function addRun(totals: Float32Difference, largest: LargestDeltas, { before, after, begin }: PairedRun): void {
  const run = noDifference();
  kernels().differFloat32(before as Float32Array, after as Float32Array, run);
  for (const field of SUMS) totals[field] += run[field];
  if (run.maxAbsDelta > totals.maxAbsDelta || Number.isNaN(run.maxAbsDelta)) totals.maxAbsDelta = run.maxAbsDelta;
  totals.low = Math.min(totals.low, run.low);
  totals.high = Math.max(totals.high, run.high);
  if (run.maxAbsDelta <= largest.floor) return;
  let { floor } = largest;
  for (let i = 0; i < before.length; i++) {
    const [a, b] = [before[i]!, after[i]!];
    if (a === b || Math.abs(b - a) <= floor || (Number.isNaN(a) && Number.isNaN(b))) continue;
    largest.offer({ at: begin + i, before: a, after: b });
    floor = largest.floor;
  }
}

const SUMS = ['changed', 'newZeros', 'newKept', 'zeroInBoth', 'squaredDelta', 'squaredBefore', 'squaredAfter'] as const;

async function histogramOf(
  before: TensorEntry,
  after: TensorEntry,
  overlap: Overlap,
  elements: number,
  totals: Float32Difference,
  work: Work,
): Promise<ValueDiff['histogram']> {
  const { low, high, changed } = totals;
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
  elements: number,
  totals: Float32Difference,
  largest: LargestDeltas,
  histogram: ValueDiff['histogram'],
): ValueDiff {
  const { changed, newZeros, newKept, zeroInBoth, maxAbsDelta } = totals;
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
