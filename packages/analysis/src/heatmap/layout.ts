import { stridesOf } from '@espalier/base';
import type { TensorHead } from '@espalier/model';
import type { MatrixLayout, MatrixSize } from '../heatmap.js';

/** Kernels of one output channel that stand beside each other in the layout `channel`. */
export const KERNELS_PER_ROW = 32;

/** Where the elements of a tensor stand in the matrix of a layout. */
export interface Placement extends MatrixSize {
  /**
   * Matrix row and column are sums over the axes of index × step, minus what one channel begins at; in the layout `channel` the column
   * then breaks into lines of 32 kernels.
   */
  readonly rowSteps: readonly number[];
  readonly columnSteps: readonly number[];
  /** Columns after which the layout breaks the line; Infinity where it does not. */
  readonly lineColumns: number;
  /** Range of indices along each axis that the matrix holds. */
  readonly ranges: readonly { readonly begin: number; readonly end: number }[];
}

/** The size of the matrix; rows × columns may exceed the elements of the tensor only in the layout `channel`. */
export function matrixSize(head: Pick<TensorHead, 'shape' | 'axes'>, layout: MatrixLayout): MatrixSize {
  const { rows, columns, kernelRows, kernelColumns } = placementOf(head, layout, 0);
  return { rows, columns, kernelRows, kernelColumns };
}

export function placementOf(
  head: Pick<TensorHead, 'shape' | 'axes'>,
  layout: MatrixLayout,
  channel: number,
): Placement {
  const { shape, axes } = head;
  const whole = shape.map((length) => ({ begin: 0, end: length }));
  const none = shape.map(() => 0);
  if (layout === 'raw' || axes.output.length === 0 || shape.length < 2) {
    const strides = stridesOf(shape);
    const flat = shape.length < 2;
    return {
      rows: flat ? 1 : shape[0]!,
      columns: flat ? (shape[0] ?? 1) : strides[0]!,
      kernelRows: 1,
      kernelColumns: 1,
      rowSteps: shape.map((_, axis) => (axis === 0 && !flat ? 1 : 0)),
      columnSteps: strides.map((stride, axis) => (axis === 0 && !flat ? 0 : stride)),
      lineColumns: Number.POSITIVE_INFINITY,
      ranges: whole,
    };
  }
  const last = axes.kernel[axes.kernel.length - 1];
  const kernelRow = axes.kernel.slice(0, -1);
  // An axis without a purpose counts among the inputs.
  const inputs = shape
    .map((_, axis) => axis)
    .filter((axis) => !axes.output.includes(axis) && !axes.kernel.includes(axis));
  const rowSteps = [...none];
  const columnSteps = [...none];
  const kernelRows = assignSteps(rowSteps, kernelRow, shape, 1);
  const kernelColumns = assignSteps(columnSteps, last === undefined ? [] : [last], shape, 1);
  const width = assignSteps(columnSteps, inputs, shape, kernelColumns);
  if (layout === 'kernel') {
    const rows = assignSteps(rowSteps, [...axes.output], shape, kernelRows);
    return {
      rows,
      columns: width,
      kernelRows,
      kernelColumns,
      rowSteps,
      columnSteps,
      lineColumns: Number.POSITIVE_INFINITY,
      ranges: whole,
    };
  }
  const lineColumns = KERNELS_PER_ROW * kernelColumns;
  return {
    rows: Math.ceil(width / lineColumns) * kernelRows,
    columns: Math.min(width, lineColumns),
    kernelRows,
    kernelColumns,
    rowSteps,
    columnSteps,
    lineColumns,
    ranges: rangesOfChannel(shape, axes.output, channel),
  };
}

/** Gives axes (major first) their steps, the last one `unit`; returns the product of their lengths × unit. */
function assignSteps(steps: number[], axes: readonly number[], shape: readonly number[], unit: number): number {
  let step = unit;
  for (const axis of [...axes].reverse()) {
    steps[axis] = step;
    step *= shape[axis]!;
  }
  return step;
}

/** One output channel: a single index along each of the output axes. */
function rangesOfChannel(shape: readonly number[], output: readonly number[], channel: number): Placement['ranges'] {
  const ranges = shape.map((length) => ({ begin: 0, end: length }));
  let rest = channel;
  for (const axis of [...output].reverse()) {
    const index = rest % shape[axis]!;
    ranges[axis] = { begin: index, end: index + 1 };
    rest = Math.floor(rest / shape[axis]!);
  }
  return ranges;
}

/** Row and column of an element from its sums of steps. */
export function breakLine(placement: Placement, row: number, column: number): [row: number, column: number] {
  if (column < placement.lineColumns) return [row, column];
  const line = Math.floor(column / placement.lineColumns);
  return [row + line * placement.kernelRows, column - line * placement.lineColumns];
}

/** Tensor index of a cell of the matrix; null where the matrix has no element (the end of the last line of the layout `channel`). */
export function indexOfCell(
  head: Pick<TensorHead, 'shape' | 'axes'>,
  layout: MatrixLayout,
  row: number,
  column: number,
  channel = 0,
): number[] | null {
  const placement = placementOf(head, layout, channel);
  if (row < 0 || column < 0 || row >= placement.rows || column >= placement.columns) return null;
  let r = row;
  let c = column;
  if (placement.lineColumns !== Number.POSITIVE_INFINITY) {
    const line = Math.floor(row / placement.kernelRows);
    r = row - line * placement.kernelRows;
    c = column + line * placement.lineColumns;
  }
  const index = placement.ranges.map(({ begin }) => begin);
  takeSteps(index, placement.rowSteps, head.shape, r);
  const left = takeSteps(index, placement.columnSteps, head.shape, c);
  const inside = left === 0 && index.every((at, axis) => at < head.shape[axis]!);
  return inside ? index : null;
}

/** Divides a sum of steps into indices, largest step first; returns what is left. */
function takeSteps(index: number[], steps: readonly number[], shape: readonly number[], sum: number): number {
  let rest = sum;
  const axes = steps.map((_, axis) => axis).filter((axis) => steps[axis]! > 0 && shape[axis]! > 1);
  for (const axis of axes.sort((a, b) => steps[b]! - steps[a]!)) {
    const count = Math.floor(rest / steps[axis]!);
    index[axis] = count;
    rest -= count * steps[axis]!;
  }
  return rest;
}
