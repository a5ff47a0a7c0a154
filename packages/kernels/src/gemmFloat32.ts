import type { Kernel } from './kernel.js';
import { GEMM_SCRATCH_BYTES, type ProductShape } from './product.js';

/** C = A B of row-major matrices. The order of the sums is the kernel's own. */
export const gemmFloat32: Kernel<[a: Float32Array, b: Float32Array, c: Float32Array, shape: ProductShape], void> = {
  name: 'gemmFloat32',
  plain: multiply,
  simd: (wasm) => (a, b, c, shape) => {
    const frame = wasm.frame();
    const scratch = frame.scratch(GEMM_SCRATCH_BYTES);
    const [x, y, z] = [frame.input(a), frame.input(b), frame.output(c)];
    if (frame.full) return multiply(a, b, c, shape);
    wasm.exports.gemmFloat32(x, y, z, shape.rows, shape.inner, shape.columns, scratch);
    frame.done();
  },
};

function multiply(a: Float32Array, b: Float32Array, c: Float32Array, { rows, inner, columns }: ProductShape): void {
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let k = 0; k < inner; k++) {
      const value = a[row * inner + k]!;
      for (let column = 0; column < columns; column++) sums[column]! += value * b[k * columns + column]!;
    }
    c.set(sums, row * columns);
  }
}
