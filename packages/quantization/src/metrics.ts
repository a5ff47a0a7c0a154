/** What quantization did to a tensor. Sums are in double precision. */
export interface QuantizationError {
  readonly elements: number;
  readonly mse: number;
  readonly maxAbsError: number;
  /** 10 log₁₀(Σx² / Σ(x − x̂)²) in decibels; Infinity where nothing is lost, null where there is nothing to lose. */
  readonly sqnrDb: number | null;
  /** Of the two tensors as vectors; null where one of them is 0. */
  readonly cosine: number | null;
  /** Shares of the elements, 0 to 1: those that became 0, and those beyond what is represented. */
  readonly zeroShare: number;
  readonly clippedShare: number;
  /** How many of the codes are used, and how many there are. */
  readonly levels: { readonly used: number; readonly all: number };
}

/** Codes lie between these. */
const LEAST_CODE = -128;
const CODES = 384;

/** Adds up errors run by run. */
export class ErrorSums {
  private elements = 0;
  private signal = 0;
  private noise = 0;
  private product = 0;
  private energy = 0;
  private largest = 0;
  private zeros = 0;
  private clipped = 0;
  private readonly used = new Uint8Array(CODES);

  /** `codes` is how many codes the scheme has. */
  constructor(private readonly codes: number) {}

  /** Adds elements that share a step, which is how far apart neighbouring codes are: Infinity for signs, which clip nothing. */
  add(
    values: ArrayLike<number>,
    quantized: ArrayLike<number>,
    codes: ArrayLike<number>,
    { begin, end, step }: { readonly begin: number; readonly end: number; readonly step: number },
  ): void {
    let { signal, noise, product, energy, largest, zeros, clipped } = this;
    const { used } = this;
    // What rounds at all is within half a step.
    const half = 0.5 * step * (1 + 1e-6);
    for (let i = begin; i < end; i++) {
      const x = values[i]!;
      const y = quantized[i]!;
      const off = Math.abs(x - y);
      signal += x * x;
      energy += y * y;
      product += x * y;
      noise += off * off;
      if (off > largest) largest = off;
      if (y === 0) zeros++;
      if (off > half) clipped++;
      used[codes[i]! - LEAST_CODE] = 1;
    }
    Object.assign(this, { signal, noise, product, energy, largest, zeros, clipped });
    this.elements += end - begin;
  }

  result(): QuantizationError {
    const { elements, signal, noise, product, energy } = this;
    const share = (count: number): number => (elements === 0 ? 0 : count / elements);
    return {
      elements,
      mse: share(noise),
      maxAbsError: this.largest,
      sqnrDb: noise > 0 ? 10 * Math.log10(signal / noise) : signal > 0 ? Number.POSITIVE_INFINITY : null,
      cosine: signal > 0 && energy > 0 ? Math.min(1, product / Math.sqrt(signal * energy)) : null,
      zeroShare: share(this.zeros),
      clippedShare: share(this.clipped),
      levels: { used: this.used.reduce((sum, one) => sum + one, 0), all: this.codes },
    };
  }
}
