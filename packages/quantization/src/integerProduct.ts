import { type Fault, fail, ok, type Result } from '@espalier/base';

/** A matrix of codes: rows × columns, row-major, with one zero point. */
export interface CodeMatrix {
  readonly codes: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
  /** The largest magnitude that a code less its zero point may have. */
  readonly largest: number;
  readonly zero: number;
}

/** Sums that hardware keeps in 32 bits. */
const ACCUMULATOR = 2 ** 31;

/**
 * Σₙ (x[f][n] − zₓ)(w[m][n] − z_w) for every row f of x and m of w, as exact integers: what integer hardware accumulates before it scales. Faults:
 * `quantize/accumulator` where 32 bits could overflow, unless `wide` sums of 53 bits are allowed.
 */
export function integerProduct(x: CodeMatrix, w: CodeMatrix, wide = false): Result<Float64Array, Fault> {
  const { columns } = x;
  const largest = columns * x.largest * w.largest;
  if (largest >= (wide ? Number.MAX_SAFE_INTEGER : ACCUMULATOR)) {
    return fail({
      code: 'quantize/accumulator',
      message: `Sums of ${columns} products may reach ${largest}: more than an accumulator of ${wide ? 53 : 32} bits holds.`,
      expected: wide ? Number.MAX_SAFE_INTEGER : ACCUMULATOR - 1,
      found: largest,
    });
  }
  const sums = new Float64Array(x.rows * w.rows);
  for (let f = 0; f < x.rows; f++) {
    for (let m = 0; m < w.rows; m++) {
      let sum = 0;
      for (let n = 0; n < columns; n++)
        sum += (x.codes[f * columns + n]! - x.zero) * (w.codes[m * columns + n]! - w.zero);
      sums[f * w.rows + m] = sum;
    }
  }
  return ok(sums);
}
