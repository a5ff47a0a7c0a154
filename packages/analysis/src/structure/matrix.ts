import { sizeOf, stridesOf } from '@espalier/base';

/** A weight as its kernel matrix: rows are output channels, columns all other axes in C order. */
export interface KernelMatrix {
  readonly rows: number;
  readonly columns: number;
  /** How the elements in stored order make up the matrix. */
  readonly order: 'rows' | 'columns' | 'mixed';
}

/**
 * `rows`: the output axes come first, so the stored order is row after row. `columns`: they come last, so it is column after column.
 * `mixed`: neither; the elements must be permuted. Axes of length 1 may stand anywhere.
 */
export function kernelMatrix(shape: readonly number[], output: readonly number[]): KernelMatrix {
  const rows = output.reduce((product, axis) => product * shape[axis]!, 1);
  const total = sizeOf(shape);
  const columns = rows === 0 ? 0 : total / rows;
  const wide = shape.map((length, axis) => ({ length, axis })).filter(({ length }) => length !== 1);
  const flags = wide.map(({ axis }) => output.includes(axis));
  const changes = flags.filter((flag, i) => i > 0 && flag !== flags[i - 1]).length;
  if (changes === 0) return { rows, columns, order: 'rows' };
  if (changes > 1) return { rows, columns, order: 'mixed' };
  return { rows, columns, order: flags[0] ? 'rows' : 'columns' };
}

/** Bits in stored order to bits in the order of the kernel matrix. For tensors of `mixed` order, which are small and rare. */
export function permuteBits(bits: Uint8Array, shape: readonly number[], output: readonly number[]): Uint8Array {
  const sorted = [...output].sort((a, b) => a - b);
  const axes = [...sorted, ...shape.map((_, axis) => axis).filter((axis) => !output.includes(axis))];
  const strides = stridesOf(shape);
  const total = sizeOf(shape);
  const permuted = new Uint8Array(Math.ceil(total / 8));
  const index = new Array<number>(axes.length).fill(0);
  let from = 0;
  for (let to = 0; to < total; to++) {
    if ((bits[from >> 3]! >> (from & 7)) & 1) permuted[to >> 3]! |= 1 << (to & 7);
    for (let position = axes.length - 1; position >= 0; position--) {
      const axis = axes[position]!;
      from += strides[axis]!;
      if (++index[position]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[position] = 0;
    }
  }
  return permuted;
}
