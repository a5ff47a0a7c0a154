import { type Rng, seeded } from '@espalier/base';
import { CLIPS, type ClipMethod, clipValue } from './clip.js';
import { KL_BINS, klClip } from './klClip.js';
import { symmetricScale } from './quantizer.js';
import { clamp, roundHalfEven } from './roundHalfEven.js';
import { largestCode } from './scheme.js';

/** Magnitudes that are kept of a stream. */
const RESERVOIR = 100_000;

/** Ranges from fewer samples than these are told to be weak. */
export const ENOUGH_SAMPLES = 32;

/** How activations become codes: symmetric, one scale for the value. */
export interface ActivationQuantization {
  readonly bits: number;
  /** A code q stands for scale · q. */
  readonly scale: number;
  /** Magnitudes beyond are cut. */
  readonly clip: number;
  readonly calibration: ClipMethod;
  /** Signal to noise of the magnitudes that were kept, by each way of choosing the clip; Infinity where nothing is lost, null where all are 0. */
  readonly sqnrDb: Readonly<Record<ClipMethod, number | null>>;
  /** The way that keeps most. */
  readonly best: ClipMethod;
}

/**
 * What is remembered of the values that an activation takes over many samples (specification of the quantization engine, 3.5): the range, 100 000 magnitudes drawn evenly with a
 * seed, and a histogram of 2048 bins whose range doubles by merging pairs of bins.
 */
export class ActivationStream {
  low = 0;
  high = 0;
  count = 0;
  /** Values that are NaN or infinite, which are left out. */
  odd = 0;
  private readonly rng: Rng;
  private readonly kept: number[] = [];
  private bins = new Float64Array(KL_BINS);
  private range = 0;

  constructor(seed: number) {
    this.rng = seeded(seed);
  }

  add(values: ArrayLike<number>): void {
    for (let i = 0; i < values.length; i++) {
      const x = values[i]!;
      if (!Number.isFinite(x)) {
        this.odd++;
        continue;
      }
      if (x < this.low) this.low = x;
      else if (x > this.high) this.high = x;
      const size = Math.abs(x);
      this.keep(size);
      this.grow(size);
      const at = this.range === 0 ? 0 : Math.floor((size / this.range) * KL_BINS);
      this.bins[Math.min(KL_BINS - 1, at)]!++;
    }
  }

  /** Every magnitude so far has the same chance to be among those that are kept. (Vitter, "Random Sampling with a Reservoir", 1985, algorithm R) */
  private keep(size: number): void {
    this.count++;
    if (this.kept.length < RESERVOIR) this.kept.push(size);
    else {
      const place = this.rng.below(this.count);
      if (place < RESERVOIR) this.kept[place] = size;
    }
  }

  private grow(size: number): void {
    if (size <= this.range) return;
    if (this.range === 0) {
      // Zeros so far lie in the first bin whatever the range.
      this.range = size;
      return;
    }
    while (size > this.range) {
      const merged = new Float64Array(KL_BINS);
      for (let bin = 0; bin < KL_BINS; bin++) merged[bin >> 1]! += this.bins[bin]!;
      this.bins = merged;
      this.range *= 2;
    }
  }

  /** The scale for codes of 2 to 8 bits. `percentile` is in (0, 100]. */
  quantization(bits: number, calibration: ClipMethod, percentile: number): ActivationQuantization {
    const values = Float64Array.from(this.kept);
    const clips = Object.fromEntries(
      CLIPS.map((method) => [method, this.clipBy(method, values, bits, percentile)]),
    ) as Record<ClipMethod, number>;
    const sqnrDb = Object.fromEntries(
      CLIPS.map((method) => [method, sqnrOf(values, symmetricScale(clips[method], bits), bits)]),
    ) as Record<ClipMethod, number | null>;
    const best = CLIPS.reduce((one, other) => ((sqnrDb[other] ?? 0) > (sqnrDb[one] ?? 0) ? other : one));
    const clip = clips[calibration];
    return { bits, scale: symmetricScale(clip, bits), clip, calibration, sqnrDb, best };
  }

  private clipBy(method: ClipMethod, values: Float64Array, bits: number, percentile: number): number {
    const max = Math.max(-this.low, this.high);
    if (max === 0) return 0;
    // The largest is known of all values, not only of those that were kept.
    if (method === 'max') return max;
    if (method === 'kl') return Math.min(max, klClip(this.bins, this.range, bits).clip);
    return clipValue(values, method, bits, percentile);
  }
}

function sqnrOf(magnitudes: Float64Array, scale: number, bits: number): number | null {
  const top = largestCode(bits);
  let [signal, noise] = [0, 0];
  for (const x of magnitudes) {
    const off = x - scale * clamp(roundHalfEven(x / scale), -top, top);
    signal += x * x;
    noise += off * off;
  }
  if (signal === 0) return null;
  return noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
}
