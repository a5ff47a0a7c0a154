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
      /** Zeros among the layer's values, without any mask, where they were counted on the way. */
      readonly zeros?: number;
    };

export type BitMask = Extract<Mask, { kind: 'bits' }>;
export type ThresholdMask = Extract<Mask, { kind: 'threshold' }>;

/** A mask from a decision for each weight, asked in C order. */
export function maskOf(elements: number, isKept: (index: number) => boolean): BitMask {
  const bits = new Uint8Array(Math.ceil(elements / 8));
  let kept = 0;
  let byte = 0;
  for (let i = 0; i < elements; i++) {
    if (isKept(i)) {
      byte |= 1 << (i & 7);
      kept++;
    }
    if ((i & 7) !== 7) continue;
    bits[i >>> 3] = byte;
    byte = 0;
  }
  if ((elements & 7) !== 0) bits[elements >>> 3] = byte;
  return { kind: 'bits', elements, kept, bits };
}

/** A mask from bits; those behind the last weight are cleared. */
export function maskFromBits(elements: number, bits: Uint8Array): BitMask {
  if (elements % 8 !== 0) bits[bits.length - 1]! &= 2 ** (elements % 8) - 1;
  return { kind: 'bits', elements, kept: countBits(bits), bits };
}

export const isKept = ({ bits }: BitMask, index: number): boolean =>
  ((bits[Math.floor(index / 8)]! >> (index % 8)) & 1) === 1;

/** Every weight stays. */
export const keepAll = (elements: number): ThresholdMask => ({
  kind: 'threshold',
  elements,
  kept: elements,
  magnitude: 0,
  ties: 0,
});

const ONES = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) ones++;
  return ones;
});

export function countBits(bits: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bits.length; i++) sum += ONES[bits[i]!]!;
  return sum;
}

const single = new Float32Array(1);
const word = new Uint32Array(single.buffer);

/** The bits of a number as f32. |w| of singles orders like them without the sign. */
export function wordOf(value: number): number {
  single[0] = value;
  return word[0]!;
}

/** The f32 with some bits. */
export function numberOf(bits: number): number {
  word[0] = bits;
  return single[0]!;
}
