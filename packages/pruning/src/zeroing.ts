import type { RawData } from '@espalier/checkpoint';
import { BITS } from '@espalier/tensor';

/** A stored number within this of the exact zero point stands for zero. */
const TOLERANCE = 1e-3;

/**
 * How zeros are written into the stored bytes of a tensor: the stored number that means 0, one for the tensor or one per index of an axis. A text
 * says why that is not possible.
 */
export type Zeroing =
  | { readonly kind: 'bytes'; readonly width: 1 | 2 | 4 | 8; readonly pattern: number }
  | {
      readonly kind: 'per-axis';
      readonly width: 1 | 2 | 4;
      readonly patterns: readonly number[];
      readonly axis: number;
    }
  | { readonly kind: 'none'; readonly why: string };

/** Zero of floating types is +0; of quantized ones the zero point, where that is a whole number that the type holds. */
export function zeroingOf({ dtype, affine }: Pick<RawData, 'dtype' | 'affine'>): Zeroing {
  const bits = BITS[dtype];
  if (bits < 8 || dtype === 'C64' || dtype === 'C128' || dtype === 'BOOL')
    return { kind: 'none', why: `values of type ${dtype} are not written one by one` };
  const width = (bits / 8) as 1 | 2 | 4 | 8;
  if (dtype === 'F8_E8M0') return { kind: 'none', why: 'the type has no zero' };
  if (affine === undefined) return { kind: 'bytes', width, pattern: 0 };
  if (width === 8) return { kind: 'none', why: 'quantized 64-bit numbers are not written' };
  const points = affine.form === 'minimum' ? [-affine.minimum / affine.scale] : [...affine.zeroPoints];
  const nearest = points.map(Math.round);
  const [low, high] = limits(dtype, bits);
  const misses = points.findIndex(
    (point, i) => !(Math.abs(point - nearest[i]!) < TOLERANCE) || nearest[i]! < low || nearest[i]! > high,
  );
  if (misses >= 0) return { kind: 'none', why: `its quantization has no zero: the zero point is ${points[misses]}` };
  const patterns = nearest.map((value) => (value < 0 ? value + 2 ** bits : value));
  if (affine.form === 'minimum' || affine.axis === null || patterns.every((pattern) => pattern === patterns[0]))
    return { kind: 'bytes', width, pattern: patterns[0]! };
  return { kind: 'per-axis', width, patterns, axis: affine.axis };
}

function limits(dtype: string, bits: number): readonly [number, number] {
  return dtype.startsWith('U') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}
