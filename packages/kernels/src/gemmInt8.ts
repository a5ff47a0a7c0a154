import type { Kernel } from './kernel.js';
import { GEMM_SCRATCH_BYTES, type ProductShape } from './product.js';

/** C = A B of row-major matrices of signed bytes. Sums have 32 bits and wrap, which 65,536 products and fewer never do. */
export const gemmInt8: Kernel<[a: Int8Array, b: Int8Array, c: Int32Array, shape: ProductShape], void> = {
  name: 'gemmInt8',
  plain: multiply,
  simd: (wasm) => (a, b, c, shape) => {
    const frame = wasm.frame();
    const scratch = frame.scratch(GEMM_SCRATCH_BYTES);
    const [x, y, z] = [frame.input(a), frame.input(b), frame.output(c)];
    if (frame.full) return multiply(a, b, c, shape);
    wasm.exports.gemmInt8(x, y, z, shape.rows, shape.inner, shape.columns, scratch);
    frame.done();
  },
};

function multiply(a: Int8Array, b: Int8Array, c: Int32Array, { rows, inner, columns }: ProductShape): void {
  c.fill(0, 0, rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < inner; k++) {
      const value = a[row * inner + k]!;
      for (let column = 0; column < columns; column++) c[row * columns + column]! += value * b[k * columns + column]!;
    }
  }
}
