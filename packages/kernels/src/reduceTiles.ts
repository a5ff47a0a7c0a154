import type { Kernel } from './kernel.js';

/** Sums for a row of tiles. */
export interface TileSums {
  /** Of |w|, or of w, of the finite values. */
  readonly sum: Float64Array;
  readonly zeros: Float64Array;
  /** Finite values that are not zero. */
  readonly kept: Float64Array;
  /** NaN and Inf. */
  readonly nonFinite: Float64Array;
}

/** Adds a line of values to the tiles it crosses, from tile `first` on: `step` values a tile, the last one perhaps fewer. */
export const reduceTiles: Kernel<
  [x: Float32Array | Float64Array, step: number, signed: boolean, tiles: TileSums, first: number],
  void
> = {
  name: 'reduceTiles',
  plain(x, step, signed, { sum, zeros, kept, nonFinite }, first) {
    for (let i = 0; i < x.length; i++) {
      const tile = first + Math.floor(i / step);
      const value = x[i]!;
      if (value === 0) zeros[tile]!++;
      else if (Number.isFinite(value)) {
        kept[tile]!++;
        sum[tile]! += signed ? value : Math.abs(value);
      } else nonFinite[tile]!++;
    }
  },
  simd: (wasm) => (x, step, signed, tiles, first) => {
    const frame = wasm.frame();
    const values = frame.input(x);
    const last = first + Math.ceil(x.length / step);
    const [sum, zeros, kept, nonFinite] = [tiles.sum, tiles.zeros, tiles.kept, tiles.nonFinite].map((array) =>
      frame.inout(array.subarray(first, last)),
    );
    if (frame.full || !(x instanceof Float32Array) || step < 4) return reduceTiles.plain(x, step, signed, tiles, first);
    wasm.exports.reduceTiles(values, x.length, step, signed ? 1 : 0, sum!, zeros!, kept!, nonFinite!);
    frame.done();
  },
};
