import { stridesOf } from '@espalier/base';
import type { TileQuery } from '../heatmap.js';
import type { Placement } from './layout.js';

/** Indices along each axis. */
export type Box = readonly { readonly begin: number; readonly end: number }[];

/** Elements of a box that lie one after the other in the file, from the element at `index`. */
export interface Run {
  /** C-order offset of the first element. */
  readonly begin: number;
  readonly count: number;
  readonly index: readonly number[];
}

/** The smallest box of a tensor that holds every element of a window of the matrix. It may hold more: kernels are not cut. */
export function boxOfWindow(
  placement: Placement,
  shape: readonly number[],
  { rowBegin, rowEnd, columnBegin, columnEnd }: Pick<TileQuery, 'rowBegin' | 'rowEnd' | 'columnBegin' | 'columnEnd'>,
): Box {
  let rows = { begin: rowBegin, end: rowEnd };
  let columns = { begin: columnBegin, end: columnEnd };
  if (placement.lineColumns !== Number.POSITIVE_INFINITY) {
    // Lines of kernels: everything from the first to the last line in view.
    const first = Math.floor(rowBegin / placement.kernelRows);
    const last = Math.floor((rowEnd - 1) / placement.kernelRows);
    columns = { begin: first * placement.lineColumns, end: (last + 1) * placement.lineColumns };
    rows = { begin: 0, end: placement.kernelRows };
  }
  return shape.map((_, axis) => {
    const whole = placement.ranges[axis]!;
    const part =
      placement.rowSteps[axis]! > 0
        ? along(placement.rowSteps, shape, axis, rows)
        : placement.columnSteps[axis]! > 0
          ? along(placement.columnSteps, shape, axis, columns)
          : whole;
    return { begin: Math.max(whole.begin, part.begin), end: Math.min(whole.end, part.end) };
  });
}

/** Indices of one axis that sums within a range can have. Only the axis with the largest step is narrowed; the others wrap around. */
function along(
  steps: readonly number[],
  shape: readonly number[],
  axis: number,
  range: { begin: number; end: number },
): { begin: number; end: number } {
  const largest = steps.every((step, other) => other === axis || step < steps[axis]! || shape[other] === 1);
  const whole = { begin: 0, end: shape[axis]! };
  if (!largest) {
    // Narrowed as well where all axes with larger steps have a single index.
    const span = larger(steps, shape, axis);
    if (Math.floor(range.begin / span) !== Math.floor((range.end - 1) / span)) return whole;
    const start = Math.floor(range.begin / span) * span;
    return {
      begin: Math.floor((range.begin - start) / steps[axis]!),
      end: Math.ceil((range.end - start) / steps[axis]!),
    };
  }
  return { begin: Math.floor(range.begin / steps[axis]!), end: Math.ceil(range.end / steps[axis]!) };
}

/** The step of the next larger axis: the span after which this axis begins again. */
const larger = (steps: readonly number[], shape: readonly number[], axis: number): number =>
  steps[axis]! * shape[axis]!;

/** The runs of a box in stored order. */
export function* runsOf(box: Box, shape: readonly number[]): Generator<Run> {
  if (box.some(({ begin, end }) => end <= begin)) return;
  const strides = stridesOf(shape);
  // The innermost axes that the box holds whole make runs longer.
  let inner = shape.length;
  while (inner > 0 && box[inner - 1]!.begin === 0 && box[inner - 1]!.end === shape[inner - 1]) inner--;
  const cut = Math.max(0, inner - 1);
  const runAxis = shape.length === 0 ? null : box[cut]!;
  const count = runAxis === null ? 1 : (runAxis.end - runAxis.begin) * strides[cut]!;
  const index = box.map(({ begin }) => begin);
  for (;;) {
    const begin = index.reduce((offset, at, axis) => offset + at * strides[axis]!, 0);
    yield { begin, count, index: [...index] };
    let axis = cut - 1;
    while (axis >= 0 && ++index[axis]! >= box[axis]!.end) {
      index[axis] = box[axis]!.begin;
      axis--;
    }
    if (axis < 0) return;
  }
}

/** Runs that are read together: gaps between them are cheaper to read than to skip. */
export interface ReadPlan {
  readonly begin: number;
  readonly count: number;
  readonly runs: readonly Run[];
}

/** Gaps of up to this many elements are read through. */
const GAP_ELEMENTS = 8192;

/** Groups runs into reads of at most `maxElements`; a longer run is cut (its `index` then belongs to its own first element). */
export function* readsOf(box: Box, shape: readonly number[], maxElements: number): Generator<ReadPlan> {
  let pending: Run[] = [];
  const plan = (): ReadPlan => {
    const last = pending[pending.length - 1]!;
    return { begin: pending[0]!.begin, count: last.begin + last.count - pending[0]!.begin, runs: pending };
  };
  for (const run of runsOf(box, shape)) {
    for (const piece of cutRun(run, shape, maxElements)) {
      const first = pending[0];
      const last = pending[pending.length - 1];
      const joins =
        first !== undefined &&
        piece.begin - (last!.begin + last!.count) <= GAP_ELEMENTS &&
        piece.begin + piece.count - first.begin <= maxElements;
      if (first !== undefined && !joins) {
        yield plan();
        pending = [];
      }
      pending.push(piece);
    }
  }
  if (pending.length > 0) yield plan();
}

function* cutRun(run: Run, shape: readonly number[], maxElements: number): Generator<Run> {
  if (run.count <= maxElements) {
    yield run;
    return;
  }
  const strides = stridesOf(shape);
  for (let done = 0; done < run.count; done += maxElements) {
    let rest = run.begin + done;
    const index = strides.map((stride) => {
      const at = Math.floor(rest / stride);
      rest -= at * stride;
      return at;
    });
    yield { begin: run.begin + done, count: Math.min(maxElements, run.count - done), index };
  }
}
