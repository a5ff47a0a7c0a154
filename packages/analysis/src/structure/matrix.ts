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

/**
 * Bits in stored order to bits in the order of the kernel matrix, for tensors of `mixed` order such as transposed convolutions. Inner axes that stand
 * at the end in both orders are copied as runs.
 */
export function permuteBits(bits: Uint8Array, shape: readonly number[], output: readonly number[]): Uint8Array {
  const sorted = [...output].sort((a, b) => a - b);
  const axes = [...sorted, ...shape.map((_, axis) => axis).filter((axis) => !output.includes(axis))];
  const strides = stridesOf(shape);
  let outer = axes.length;
  let run = 1;
  while (outer > 0 && axes[outer - 1] === outer - 1) run *= shape[--outer]!;
  const total = sizeOf(shape);
  const permuted = new Uint8Array(Math.ceil(total / 8) + 4);
  const index = new Array<number>(outer).fill(0);
  let from = 0;
  for (let to = 0; to < total; to += run) {
    copyBits(bits, from, permuted, to, run);
    for (let position = outer - 1; position >= 0; position--) {
      const axis = axes[position]!;
      from += strides[axis]!;
      if (++index[position]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[position] = 0;
    }
  }
  return permuted.subarray(0, Math.ceil(total / 8));
}

/** Copies a run of bits, 16 at a time, to where all bits are clear. `target` has two bytes to spare. */
function copyBits(source: Uint8Array, from: number, target: Uint8Array, to: number, count: number): void {
  for (let done = 0; done < count; done += 16) {
    const length = Math.min(16, count - done);
    const [a, b] = [from + done, to + done];
    const [first, place] = [a >>> 3, b >>> 3];
    const three = source[first]! | ((source[first + 1] ?? 0) << 8) | ((source[first + 2] ?? 0) << 16);
    const shifted = ((three >>> (a & 7)) & (2 ** length - 1)) << (b & 7);
    target[place]! |= shifted & 0xff;
    target[place + 1]! |= (shifted >>> 8) & 0xff;
    target[place + 2]! |= shifted >>> 16;
  }
}
