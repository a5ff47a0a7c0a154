import { stridesOf } from '@espalier/base';
import type { TensorHead } from '@espalier/model';

/** A weight as its kernel matrix: rows are output channels, columns the other axes in C order. */
export interface KernelMatrix {
  readonly rows: number;
  readonly columns: number;
  /** C-order index of the weight in a row and a column. */
  index(row: number, column: number): number;
}

/** The kernel matrix of a weight with output axes, whatever its layout. (Chen et al., ICML 2022: conv weights as C_out × C_in·kh·kw.) */
export function kernelMatrix({ shape, axes }: Pick<TensorHead, 'shape' | 'axes'>): KernelMatrix {
  const strides = stridesOf(shape);
  const others = shape.map((_, axis) => axis).filter((axis) => !axes.output.includes(axis));
  const offsets = (chosen: readonly number[]): Float64Array => {
    const total = chosen.reduce((product, axis) => product * shape[axis]!, 1);
    const found = new Float64Array(total);
    let repeat = total;
    for (const axis of chosen) {
      repeat /= shape[axis]!;
      for (let i = 0; i < total; i++) found[i]! += (Math.floor(i / repeat) % shape[axis]!) * strides[axis]!;
    }
    return found;
  };
  const [rowOffsets, columnOffsets] = [offsets(axes.output), offsets(others)];
  return {
    rows: rowOffsets.length,
    columns: columnOffsets.length,
    index: (row, column) => rowOffsets[row]! + columnOffsets[column]!,
  };
}
