import type { Kernel } from './kernel.js';

export interface RowBlocks {
  readonly rows: number;
  readonly columns: number;
  /** Rows of a block; the last may have fewer. */
  readonly height: number;
}

/** Of each column of some consecutive rows the mean |x|, summed in f64 from the first row on: `out` has ceil(rows / height) × columns numbers. */
export const meanMagnitudes: Kernel<[x: Float32Array, blocks: RowBlocks, out: Float64Array], void> = {
  name: 'meanMagnitudes',
  plain: average,
  simd: (wasm) => (x, blocks, out) => {
    const frame = wasm.frame();
    const [values, means] = [frame.input(x), frame.output(out)];
    if (frame.full) return average(x, blocks, out);
    wasm.exports.meanMagnitudes(values, blocks.rows, blocks.columns, blocks.height, means);
    frame.done();
  },
};

function average(x: Float32Array, { rows, columns, height }: RowBlocks, out: Float64Array): void {
  for (let top = 0, at = 0; top < rows; top += height) {
    const end = Math.min(rows, top + height);
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let row = top; row < end; row++) sum += Math.abs(x[row * columns + column]!);
      out[at++] = sum / (end - top);
    }
  }
}
