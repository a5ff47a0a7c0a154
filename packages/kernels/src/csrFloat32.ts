import type { Kernel } from './kernel.js';

/** A matrix in compressed rows: row i has the values and columns from `starts[i]` to `starts[i + 1]`. */
export interface CompressedRows {
  /** One more than there are rows. */
  readonly starts: Int32Array;
  readonly columnOf: Int32Array;
  readonly values: Float32Array;
}

/** C = A B with A in compressed rows; `columns` is the width of B and C, which are row-major. */
export const csrFloat32: Kernel<[a: CompressedRows, b: Float32Array, c: Float32Array, columns: number], void> = {
  name: 'csrFloat32',
  plain: multiply,
  simd: (wasm) => (a, b, c, columns) => {
    const frame = wasm.frame();
    const [starts, columnOf, values] = [frame.input(a.starts), frame.input(a.columnOf), frame.input(a.values)];
    const [x, y] = [frame.input(b), frame.output(c)];
    if (frame.full) return multiply(a, b, c, columns);
    wasm.exports.csrFloat32(starts, columnOf, values, x, y, a.starts.length - 1, columns);
    frame.done();
  },
};

function multiply(
  { starts, columnOf, values }: CompressedRows,
  b: Float32Array,
  c: Float32Array,
  columns: number,
): void {
  const sums = new Float64Array(columns);
  for (let row = 0; row + 1 < starts.length; row++) {
    sums.fill(0);
    for (let t = starts[row]!; t < starts[row + 1]!; t++) {
      const at = columnOf[t]! * columns;
      for (let column = 0; column < columns; column++) sums[column]! += values[t]! * b[at + column]!;
    }
    c.set(sums, row * columns);
  }
}
