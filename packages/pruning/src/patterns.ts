import { type Affine, dequantize, type RawData } from '@espalier/checkpoint';
import { BITS, table } from '@espalier/tensor';

/** What every stored pattern of a type of 8 or 16 bits means, in f32; null for wider types and for scales by channel. */
export function patternValues({ dtype, affine }: Pick<RawData, 'dtype' | 'affine'>): Float32Array | null {
  const bits = BITS[dtype];
  if (bits !== 8 && bits !== 16) return null;
  const stored = table(dtype);
  if (affine === undefined) return stored;
  if (affine.form === 'zero-point' && affine.axis !== null && affine.scales.length > 1) return null;
  const one: Affine = affine.form === 'minimum' ? affine : { ...affine, axis: null };
  return dequantize(stored, one, [stored.length], 0);
}

/**
 * The least pattern without a sign whose magnitude reaches a threshold, and whether it equals it: of halves and bfloat16, whose magnitudes
 * order like their bits. Patterns from infinity on are never below.
 */
export function leastPattern(
  values: Float32Array,
  magnitude: number,
): { readonly pattern: number; readonly equal: boolean } {
  let low = 0;
  let high = values.indexOf(Number.POSITIVE_INFINITY);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < magnitude) low = middle + 1;
    else high = middle;
  }
  return { pattern: low, equal: values[low] === magnitude };
}
