import { stridesOf } from '@espalier/base';
import type { TensorHead } from '@espalier/model';

/** A weight as its kernel matrix: rows are output channels, columns the other axes in C order. */
export interface KernelMatrix {
  readonly rows: number;
  readonly columns: number;
  /** C-order index of the weight in a row and a column. */
  index(row: number, column: number): number;
  /** Goes through the weights `begin` to `begin + count` in C order, run by run. */
  walk(begin: number, count: number, visit: RunVisitor): void;
}

/** Consecutive weights, `offset` of them after the first that was asked for, from one place in the matrix on: each step goes so many rows and columns further. */
export type RunVisitor = (
  offset: number,
  length: number,
  row: number,
  column: number,
  rowStep: number,
  columnStep: number,
) => void;

/** The kernel matrix of a weight with output axes, whatever its layout. (Chen et al., ICML 2022: conv weights as C_out × C_in·kh·kw.) */
export function kernelMatrix({ shape, axes }: Pick<TensorHead, 'shape' | 'axes'>): KernelMatrix {
  const strides = stridesOf(shape);
  const others = shape.map((_, axis) => axis).filter((axis) => !axes.output.includes(axis));
  const rows = lengthOf(axes.output, shape);
  const columns = lengthOf(others, shape);
  // Offsets are needed only where somebody asks for single places.
  let offsets: readonly [Float64Array, Float64Array] | null = null;
  const groups = groupsOf(shape, axes.output, others);
  return {
    rows,
    columns,
    index(row, column) {
      offsets ??= [offsetsOf(axes.output, shape, strides), offsetsOf(others, shape, strides)];
      return offsets[0][row]! + offsets[1][column]!;
    },
    walk: (begin, count, visit) => walk(groups, begin, count, visit),
  };
}

const lengthOf = (axes: readonly number[], shape: readonly number[]): number =>
  axes.reduce((product, axis) => product * shape[axis]!, 1);

function offsetsOf(axes: readonly number[], shape: readonly number[], strides: readonly number[]): Float64Array {
  const found = new Float64Array(lengthOf(axes, shape));
  let repeat = found.length;
  for (const axis of axes) {
    repeat /= shape[axis]!;
    for (let i = 0; i < found.length; i++) found[i]! += (Math.floor(i / repeat) % shape[axis]!) * strides[axis]!;
  }
  return found;
}

/** Neighbouring axes as one, where a step along the inner one always goes as far. Outermost first. */
interface AxisGroup {
  length: number;
  rowStep: number;
  columnStep: number;
}

function groupsOf(shape: readonly number[], output: readonly number[], others: readonly number[]): AxisGroup[] {
  const step = (axes: readonly number[], axis: number): number => {
    const at = axes.indexOf(axis);
    return at < 0 ? 0 : lengthOf(axes.slice(at + 1), shape);
  };
  const groups: AxisGroup[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis]!;
    if (length === 1) continue;
    const group = { length, rowStep: step(output, axis), columnStep: step(others, axis) };
    const inner = groups[0];
    const follows =
      inner !== undefined &&
      group.rowStep === inner.rowStep * inner.length &&
      group.columnStep === inner.columnStep * inner.length;
    if (follows) inner.length *= length;
    else groups.unshift(group);
  }
  return groups.length === 0 ? [{ length: 1, rowStep: 0, columnStep: 1 }] : groups;
}

function walk(groups: readonly AxisGroup[], begin: number, count: number, visit: RunVisitor): void {
  const inner = groups[groups.length - 1]!;
  let at = begin;
  while (at < begin + count) {
    let rest = Math.floor(at / inner.length);
    const start = at - rest * inner.length;
    let row = start * inner.rowStep;
    let column = start * inner.columnStep;
    for (let group = groups.length - 2; group >= 0; group--) {
      const { length, rowStep, columnStep } = groups[group]!;
      const place = rest % length;
      rest = Math.floor(rest / length);
      row += place * rowStep;
      column += place * columnStep;
    }
    const length = Math.min(inner.length - start, begin + count - at);
    visit(at - begin, length, row, column, inner.rowStep, inner.columnStep);
    at += length;
  }
}
