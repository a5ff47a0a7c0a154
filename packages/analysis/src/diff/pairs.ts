import type { Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { Values } from '@espalier/tensor';
import { DisplayReader } from '../heatmap/displayValues.js';
import { sameShape } from './structureDiff.js';

/** Elements that stand in the same place of both tensors, one after the other in each. */
export interface PairedRun {
  readonly before: Values;
  readonly after: Values;
  /** Index of the first element in the compared shape. */
  readonly begin: number;
}

/** What is compared of two tensors: everything, or the rows and columns that both have. */
export interface Overlap {
  /** Shapes that both tensors are looked at in: without axes of length 1 and, where ranks differ, as first axis × the rest. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** The common box. */
  readonly shape: readonly number[];
}

export function overlapOf(before: readonly number[], after: readonly number[]): Overlap {
  if (sameShape(before, after)) return { before, after, shape: before };
  const [a, b] = [before.filter((length) => length !== 1), after.filter((length) => length !== 1)];
  const [x, y] =
    before.length === after.length
      ? [before, after]
      : a.length === b.length
        ? [a, b]
        : [asMatrix(before), asMatrix(after)];
  return { before: x, after: y, shape: x.map((length, axis) => Math.min(length, y[axis]!)) };
}

const asMatrix = (shape: readonly number[]): number[] => [
  shape[0] ?? 1,
  shape.slice(1).reduce((product, length) => product * length, 1),
];

/** Reads both tensors side by side, in the order of the compared shape. */
export async function* pairedRuns(
  before: TensorEntry,
  after: TensorEntry,
  overlap: Overlap,
  work: Work,
): AsyncGenerator<PairedRun> {
  const { shape } = overlap;
  const total = shape.reduce((product, length) => product * length, 1);
  if (total === 0) return;
  // Inner axes on which both agree make the runs.
  let cut = shape.length;
  while (cut > 0 && overlap.before[cut - 1] === shape[cut - 1] && overlap.after[cut - 1] === shape[cut - 1]) cut--;
  const runAxis = Math.max(0, cut - 1);
  const run = shape.slice(runAxis).reduce((product, length) => product * length, 1);
  const left = new SlidingReader(before);
  const right = new SlidingReader(after);
  const most = Math.min(left.maxElements, right.maxElements);
  const index = new Array<number>(runAxis).fill(0);
  try {
    for (let begin = 0; begin < total; begin += run) {
      const from = offset(index, overlap.before, runAxis);
      const to = offset(index, overlap.after, runAxis);
      for (let done = 0; done < run; done += most) {
        const count = Math.min(most, run - done);
        const a = await left.read(from + done, count, work.signal);
        const b = await right.read(to + done, count, work.signal);
        yield { before: a, after: b, begin: begin + done };
      }
      for (let axis = runAxis - 1; axis >= 0; axis--) {
        if (++index[axis]! < shape[axis]!) break;
        index[axis] = 0;
      }
    }
  } finally {
    left.release();
    right.release();
  }
}

function offset(index: readonly number[], shape: readonly number[], axes: number): number {
  let at = 0;
  for (let axis = 0; axis < shape.length; axis++) at = at * shape[axis]! + (axis < axes ? index[axis]! : 0);
  return at;
}

/** Reads ascending runs through a window that moves along, so that short runs cost no read of their own. */
class SlidingReader {
  readonly maxElements: number;
  private readonly reader: DisplayReader;
  private values: Values = new Float32Array(0);
  private from = 0;

  constructor(private readonly entry: TensorEntry) {
    this.reader = new DisplayReader(entry);
    this.maxElements = this.reader.maxElements;
  }

  async read(begin: number, count: number, signal: AbortSignal): Promise<Values> {
    if (begin < this.from || begin + count > this.from + this.values.length) {
      signal.throwIfAborted();
      this.from = begin;
      this.values = await this.reader.read(begin, Math.min(this.entry.elements - begin, this.maxElements), signal);
    }
    return this.values.subarray(begin - this.from, begin - this.from + count);
  }

  release(): void {
    this.reader.release();
  }
}
