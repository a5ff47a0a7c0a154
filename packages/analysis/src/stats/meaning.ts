import { type Affine, dequantize, type RawData } from '@espalier/checkpoint';
import { type Dtype, table } from '@espalier/tensor';

/** A zero point within this of an integer stands for exact zeros. */
export const ZERO_POINT_TOLERANCE = 1e-3;

/** What each stored pattern means, and which patterns are zero. */
export interface PatternMeaning {
  /** Value by pattern, decoded in f32 as the reference tools do. */
  readonly values: Float32Array;
  /** Patterns that count as zero: `pattern & mask` is `match`; null where none does. */
  readonly zero: PatternClass | null;
  /** Patterns of NaN and Inf; null where the type has none. */
  readonly nonFinite: PatternClass | null;
}

/** The patterns with `pattern & mask` equal to `match`. */
export interface PatternClass {
  readonly mask: number;
  readonly match: number;
}

const NON_FINITE: Partial<Record<Dtype, PatternClass>> = {
  F16: { mask: 0x7c00, match: 0x7c00 },
  BF16: { mask: 0x7f80, match: 0x7f80 },
  F8_E4M3: { mask: 0x7f, match: 0x7f },
  F8_E5M2: { mask: 0x7c, match: 0x7c },
  F8_E4M3FNUZ: { mask: 0xff, match: 0x80 },
  F8_E5M2FNUZ: { mask: 0xff, match: 0x80 },
  F8_E8M0: { mask: 0xff, match: 0xff },
};

/** Of types of at most 16 bits, plain or quantized with one scale. */
export function meaningOf(data: RawData, width: 16 | 8 | 4): PatternMeaning {
  const stored = table(data.dtype);
  const full = 2 ** width - 1;
  const nonFinite = NON_FINITE[data.dtype] ?? null;
  if (data.affine === undefined) return { values: stored, zero: zeroPattern(stored, width), nonFinite };
  const one: Affine = data.affine.form === 'minimum' ? data.affine : { ...data.affine, axis: null };
  const values = dequantize(stored, one, [stored.length], 0);
  if (isConstant(data.affine)) return { values, zero: values[0] === 0 ? { mask: 0, match: 0 } : null, nonFinite };
  const point = zeroPointOf(data.affine);
  const nearest = Math.round(point);
  if (Math.abs(point - nearest) >= ZERO_POINT_TOLERANCE) return { values, zero: null, nonFinite };
  const pattern = stored.indexOf(nearest);
  return { values, zero: pattern < 0 ? null : { mask: full, match: pattern }, nonFinite };
}

/** Floating types have two zeros, ±0, that differ in the sign bit; the others one. */
function zeroPattern(stored: Float32Array, width: number): PatternClass | null {
  const full = 2 ** width - 1;
  const sign = 2 ** (width - 1);
  if (stored[0] !== 0) return null;
  return { mask: stored[sign] === 0 ? full & ~sign : full, match: 0 };
}

/** A scale of 0 gives every stored number the same value. */
const isConstant = (affine: Affine): boolean => affine.form === 'minimum' && affine.scale === 0;

/** The stored number that means 0, a fraction perhaps. */
const zeroPointOf = (affine: Affine): number =>
  affine.form === 'minimum' ? -affine.minimum / affine.scale : affine.zeroPoints[0]!;
