import type { Kernel } from './kernel.js';
import { GEMM_SCRATCH_BYTES } from './product.js';

/** A dense block within a larger matrix: its rows and columns lie anywhere, its values are row-major. */
export interface DenseBlock {
  readonly rowOf: Int32Array;
  readonly columnOf: Int32Array;
  readonly values: Float32Array;
}

/** C += A B where A is 0 outside of one block; `columns` is the width of B and C, which are row-major. */
export const gatherGemmFloat32: Kernel<[block: DenseBlock, b: Float32Array, c: Float32Array, columns: number], void> = {
  name: 'gatherGemmFloat32',
  plain: multiply,
  simd: (wasm) => (block, b, c, columns) => {
    const frame = wasm.frame();
    const scratch = frame.scratch(GEMM_SCRATCH_BYTES);
    const [values, rowOf, columnOf] = [
      frame.input(block.values),
      frame.input(block.rowOf),
      frame.input(block.columnOf),
    ];
    const [x, y] = [frame.input(b), frame.inout(c)];
    if (frame.full) return multiply(block, b, c, columns);
    const { length: height } = block.rowOf;
    wasm.exports.gatherGemmFloat32(values, rowOf, columnOf, height, block.columnOf.length, x, y, columns, scratch);
    frame.done();
  },
};

function multiply({ rowOf, columnOf, values }: DenseBlock, b: Float32Array, c: Float32Array, columns: number): void {
  rowOf.forEach((row, i) => {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < columnOf.length; k++)
        sum += values[i * columnOf.length + k]! * b[columnOf[k]! * columns + column]!;
      c[row * columns + column]! += sum;
    }
  });
}
