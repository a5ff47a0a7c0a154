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

export const emptyMask = (elements: number): { kind: 'bits'; elements: number; kept: number; bits: Uint8Array } => ({
  kind: 'bits',
  elements,
  kept: 0,
  bits: new Uint8Array(Math.ceil(elements / 8)),
});
