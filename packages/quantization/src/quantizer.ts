import { fromHalf, toHalf } from '@espalier/tensor';
import type { Cells } from './cells.js';
import { clamp, roundHalfEven } from './roundHalfEven.js';
import { codeSpan, largestCode, type Scheme } from './scheme.js';

/** How scales are stored. */
export type ScaleType = 'F32' | 'F16';

/** Everything that turns numbers into codes and back. */
export interface Quantizer {
  readonly scheme: Extract<Scheme, { kind: 'uniform' | 'binary' }>;
  readonly cells: Cells;
  /** One for each cell; of binary weights α. */
  readonly scales: Float32Array;
  /** The type that holds every one of them. */
  readonly scaleType: ScaleType;
  /** The code of 0 for each cell; null where it is 0. */
  readonly zeros: Uint8Array | null;
}

/** Range of the finite values of a cell. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** The nearest number of a type. */
export const roundScale = (scale: number, type: ScaleType): number =>
  type === 'F16' ? fromHalf(toHalf(scale)) : Math.fround(scale);

/** The scale of a symmetric cell; 1 where all values are 0, or so small that the type has no scale for them. */
export const symmetricScale = (clip: number, bits: number, type: ScaleType = 'F32'): number =>
  roundScale(clip / largestCode(bits), type) || 1;

/** Scale and zero point of an asymmetric cell; 0 is always one of the numbers that are represented. */
export function asymmetricScale(
  { low, high }: Range,
  bits: number,
  type: ScaleType = 'F32',
): { readonly scale: number; readonly zero: number } {
  const [bottom, top] = [Math.min(0, low), Math.max(0, high)];
  const scale = roundScale((top - bottom) / codeSpan(bits), type) || 1;
  return { scale, zero: clamp(roundHalfEven(-bottom / scale), 0, codeSpan(bits)) };
}

/** Codes of values from element `begin` on: −Q to Q, 0 to 2^b − 1, or −1 and 1. Values must be finite. */
export function encode(
  { scheme, cells, scales, zeros }: Quantizer,
  values: ArrayLike<number>,
  begin: number,
  codes: Int16Array,
): void {
  cells.walk(begin, values.length, (offset, length, cell) => {
    const end = offset + length;
    if (scheme.kind === 'binary') {
      for (let i = offset; i < end; i++) codes[i] = values[i]! >= 0 ? 1 : -1;
      return;
    }
    const scale = scales[cell]!;
    if (zeros !== null) {
      const [zero, top] = [zeros[cell]!, codeSpan(scheme.bits)];
      for (let i = offset; i < end; i++) codes[i] = clamp(roundHalfEven(values[i]! / scale) + zero, 0, top);
      return;
    }
    const top = largestCode(scheme.bits);
    for (let i = offset; i < end; i++) codes[i] = clamp(roundHalfEven(values[i]! / scale), -top, top);
  });
}

/** The numbers that codes stand for, s · (q − z) in double precision. */
export function decode(
  { cells, scales, zeros }: Quantizer,
  codes: ArrayLike<number>,
  begin: number,
  values: Float32Array | Float64Array,
): void {
  cells.walk(begin, codes.length, (offset, length, cell) => {
    const [scale, zero] = [scales[cell]!, zeros?.[cell] ?? 0];
    for (let i = offset; i < offset + length; i++) values[i] = scale * (codes[i]! - zero);
  });
}
