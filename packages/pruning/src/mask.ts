/**
 * Which weights of a tensor stay. Logical C order throughout; counts are exact.
 *
 * - `bits`: one bit a weight, least significant first, 1 = kept.
 * - `threshold`: weights with |w| < `magnitude` go, and of those equal to it the first `ties` in C order; |w| as f32, NaN never goes.
 */
export type Mask =
  | { readonly kind: 'bits'; readonly elements: number; readonly kept: number; readonly bits: Uint8Array }
  | {
      readonly kind: 'threshold';
      readonly elements: number;
      readonly kept: number;
      readonly magnitude: number;
      readonly ties: number;
    };

export type BitMask = Extract<Mask, { kind: 'bits' }>;

/** A mask from a decision for each weight. */
export function maskOf(elements: number, isKept: (index: number) => boolean): BitMask {
  const bits = new Uint8Array(Math.ceil(elements / 8));
  let kept = 0;
  for (let i = 0; i < elements; i++) {
    if (!isKept(i)) continue;
    bits[i >> 3]! |= 1 << (i & 7);
    kept++;
  }
  return { kind: 'bits', elements, kept, bits };
}

export const isKept = ({ bits }: BitMask, index: number): boolean => ((bits[index >> 3]! >> (index & 7)) & 1) === 1;
