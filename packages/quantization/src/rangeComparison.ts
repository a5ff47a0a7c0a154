import type { Cells } from './cells.js';
import { CLIPS, type ClipMethod, clipValue } from './clip.js';
import { squaredError } from './mseClip.js';
import { symmetricScale } from './quantizer.js';
import { largestCode } from './scheme.js';

/** Cells that are compared, and magnitudes of all of them together: as many as are kept of activations. */
const MOST_CELLS = 8;
const MOST_VALUES = 100_000;

/** What each way of choosing the clip keeps of a tensor. */
export interface RangeComparison {
  /** Signal to noise; Infinity where nothing is lost, null where all are 0. */
  readonly sqnrDb: Readonly<Record<ClipMethod, number | null>>;
  /** The way that keeps most. */
  readonly best: ClipMethod;
  /** Values that were compared, of how many: evenly spread over cells and within them. */
  readonly values: number;
  readonly of: number;
}

/** Values of some cells of a tensor, evenly spread, for a comparison of the ways to choose a clip. */
export class RangeSamples {
  private readonly placeOf: Int8Array;
  private readonly members: number[][] = [];
  private readonly seen: number[] = [];
  private readonly stride: number;
  private readonly chosen: number[];

  constructor(
    private readonly cells: Cells,
    private readonly elements: number,
  ) {
    const count = Math.min(MOST_CELLS, cells.count);
    this.chosen = Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * cells.count) / count));
    this.placeOf = new Int8Array(cells.count).fill(-1);
    for (const [place, cell] of this.chosen.entries()) {
      this.placeOf[cell] = place;
      this.members.push([]);
      this.seen.push(0);
    }
    this.stride = Math.max(1, Math.ceil(((elements / Math.max(1, cells.count)) * count) / MOST_VALUES));
  }

  add(values: ArrayLike<number>, begin: number): void {
    this.cells.walk(begin, values.length, (offset, length, cell) => {
      const place = this.placeOf[cell]!;
      if (place < 0) return;
      const own = this.members[place]!;
      // The first value of the run that is due.
      let i = offset + ((this.stride - (this.seen[place]! % this.stride)) % this.stride);
      for (; i < offset + length; i += this.stride) own.push(values[i]!);
      this.seen[place]! += length;
    });
  }

  /** `maxima` are the largest magnitudes of all cells, also of values that were left out. */
  compare(maxima: ArrayLike<number>, bits: number, percentile: number): RangeComparison {
    const noise: Record<ClipMethod, number> = { max: 0, percentile: 0, mse: 0, kl: 0 };
    let [signal, values] = [0, 0];
    for (const [place, cell] of this.chosen.entries()) {
      const own = Float64Array.from(this.members[place]!);
      values += own.length;
      for (const x of own) signal += x * x;
      if (own.length === 0) continue;
      for (const method of CLIPS) {
        const clip = clipValue(own, method, bits, percentile, maxima[cell]!);
        const scale = symmetricScale(clip, bits);
        noise[method] += squaredError(own, 0, own.length, scale * largestCode(bits), bits);
      }
    }
    const decibels = (lost: number): number | null =>
      signal === 0 ? null : lost === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / lost);
    const sqnrDb = Object.fromEntries(CLIPS.map((method) => [method, decibels(noise[method])])) as Record<
      ClipMethod,
      number | null
    >;
    const best = CLIPS.reduce((one, other) => ((sqnrDb[other] ?? 0) > (sqnrDb[one] ?? 0) ? other : one));
    return { sqnrDb, best, values, of: this.elements };
  }
}
