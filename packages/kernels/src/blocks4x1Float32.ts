import type { Kernel } from './kernel.js';

/** A matrix in blocks of four rows and one column: group i of four rows has the blocks from `starts[i]` to `starts[i + 1]`. */
export interface ColumnBlocks {
  /** One more than there are groups of rows. */
  readonly starts: Int32Array;
  readonly columnOf: Int32Array;
  /** Four values for each block. */
  readonly values: Float32Array;
}

/** C = A B with A in blocks of 4 × 1; `columns` is the width of B and C, which are row-major; C has four rows for every group. */
export const blocks4x1Float32: Kernel<[a: ColumnBlocks, b: Float32Array, c: Float32Array, columns: number], void> = {
  name: 'blocks4x1Float32',
  plain: multiply,
  simd: (wasm) => (a, b, c, columns) => {
    const frame = wasm.frame();
    const [starts, columnOf, values] = [frame.input(a.starts), frame.input(a.columnOf), frame.input(a.values)];
    const [x, y] = [frame.input(b), frame.output(c)];
    if (frame.full) return multiply(a, b, c, columns);
    wasm.exports.blocks4x1Float32(starts, columnOf, values, x, y, a.starts.length - 1, columns);
    frame.done();
  },
};

function multiply({ starts, columnOf, values }: ColumnBlocks, b: Float32Array, c: Float32Array, columns: number): void {
  const sums = new Float64Array(4 * columns);
  for (let group = 0; group + 1 < starts.length; group++) {
    sums.fill(0);
    for (let t = starts[group]!; t < starts[group + 1]!; t++) {
      for (let row = 0; row < 4; row++) {
        for (let column = 0; column < columns; column++)
          sums[row * columns + column]! += values[4 * t + row]! * b[columnOf[t]! * columns + column]!;
      }
    }
    c.set(sums, 4 * group * columns);
  }
}
