import type { Cells } from './cells.js';

/** Smallest and largest value of each cell, 0 among them, and the mean magnitude: window by window. */
export class CellRanges {
  readonly low: Float64Array;
  readonly high: Float64Array;
  private readonly sums: Float64Array;
  private readonly counts: Float64Array;

  constructor(private readonly cells: Cells) {
    this.low = new Float64Array(cells.count);
    this.high = new Float64Array(cells.count);
    this.sums = new Float64Array(cells.count);
    this.counts = new Float64Array(cells.count);
  }

  add(values: ArrayLike<number>, begin: number): void {
    this.cells.walk(begin, values.length, (offset, length, cell) => {
      let least = this.low[cell]!;
      let most = this.high[cell]!;
      let sum = this.sums[cell]!;
      for (let i = offset; i < offset + length; i++) {
        const x = values[i]!;
        if (x < least) least = x;
        else if (x > most) most = x;
        sum += x < 0 ? -x : x;
      }
      this.low[cell] = least;
      this.high[cell] = most;
      this.sums[cell] = sum;
      this.counts[cell]! += length;
    });
  }

  /** The largest magnitude of each cell. */
  magnitudes(): Float64Array {
    return this.low.map((low, cell) => Math.max(-low, this.high[cell]!));
  }

  /** α of each cell: what signs are multiplied with to leave the smallest squared error. */
  meanMagnitudes(): Float64Array {
    return this.sums.map((sum, cell) => (this.counts[cell] === 0 ? 1 : sum / this.counts[cell]!));
  }
}
