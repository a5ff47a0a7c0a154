import type { TensorEntry } from '@espalier/checkpoint';
import { BITS, type Dtype } from '@espalier/tensor';

/**
 * How the values of a tensor are scanned. `patterns`: at most 16 bits, every bit pattern is counted. `float32`: windows of f32.
 * `float64`: types that f32 would round.
 */
export type ScanMode =
  | { readonly kind: 'patterns'; readonly dtype: Dtype; readonly width: 16 | 8 | 4 }
  | { readonly kind: 'float32' }
  | { readonly kind: 'float64' };

const WIDE: ReadonlySet<string> = new Set(['F64', 'I64', 'U64', 'I32', 'U32', 'C128']);

export function modeOf(entry: Pick<TensorEntry, 'data' | 'dtype'>): ScanMode {
  const { data } = entry;
  if (data.kind === 'raw') {
    const width = BITS[data.dtype];
    const perChannel = data.affine?.form === 'zero-point' && data.affine.scales.length > 1;
    if ((width === 16 || width === 8 || width === 4) && !perChannel)
      return { kind: 'patterns', dtype: data.dtype, width };
    if (data.affine !== undefined) return { kind: 'float32' };
    return { kind: WIDE.has(data.dtype) ? 'float64' : 'float32' };
  }
  return { kind: WIDE.has(entry.dtype) ? 'float64' : 'float32' };
}

/** True for the pairs of numbers that have no order. */
export const isComplex = (dtype: string): boolean => dtype === 'C64' || dtype === 'C128';
