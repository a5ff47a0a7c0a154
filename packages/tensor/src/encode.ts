import { table } from './decode.js';
import { BITS, type Dtype } from './dtype.js';

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** Number to IEEE 754 binary16, to the nearest, ties to even. The inverse of `fromHalf` for every number it gives. */
export function toHalf(value: number): number {
  single[0] = value;
  const sign = (word[0]! >>> 16) & 0x8000;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return sign | 0x7e00;
  // 65 520 lies half-way to the number after the largest.
  if (size >= 65_520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  // Log2 may round up to the next whole number just below it.
  const scale = size < 2 ** exponent && exponent > -14 ? exponent - 1 : exponent;
  const mantissa = roundEven(size * 2 ** (10 - scale));
  // A mantissa that rounds up to 2048 carries into the exponent by itself; below 1024 it is subnormal and the exponent is 0.
  return sign | (mantissa + ((scale + 14) << 10));
}

/** Number to bfloat16, the upper half of a binary32, to the nearest, ties to even. */
export function toBfloat16(value: number): number {
  single[0] = value;
  const bits = word[0]!;
  if (Number.isNaN(value)) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** Types that `encodeValues` writes. */
export const isEncodable = (dtype: Dtype): boolean => BITS[dtype] >= 8 && !dtype.startsWith('C');

/** Bits of every number that a type of 8 bits has; of NaN, 0x7f or its only pattern. */
function patternsOf(dtype: Dtype): ReadonlyMap<number, number> {
  const values = table(dtype);
  const patterns = new Map<number, number>();
  for (let bits = 255; bits >= 0; bits--) patterns.set(values[bits]!, bits);
  return patterns;
}

/**
 * Numbers as the bytes of a type, little-endian: the inverse of `decodeValues`, but for complex ones. Floating types of 16 bits and more round to the nearest; answers the index of
 * the first number that any other type does not hold.
 */
export function encodeValues(dtype: Dtype, values: ArrayLike<number>): Uint8Array | { readonly misfit: number } {
  // Typed arrays have the byte order of the machine, which is little-endian wherever this runs.
  if (dtype === 'F32') return new Uint8Array(Float32Array.from(values).buffer);
  if (dtype === 'F64') return new Uint8Array(Float64Array.from(values).buffer);
  const width = BITS[dtype] / 8;
  const bytes = new Uint8Array(values.length * width);
  const view = new DataView(bytes.buffer);
  if (dtype === 'F16' || dtype === 'BF16') {
    const bitsOf = dtype === 'F16' ? toHalf : toBfloat16;
    for (let i = 0; i < values.length; i++) view.setUint16(2 * i, bitsOf(values[i]!), true);
    return bytes;
  }
  if (dtype.startsWith('F8')) {
    const patterns = patternsOf(dtype);
    for (let i = 0; i < values.length; i++) {
      // A map takes -0 for 0: the sign is the first bit, where the type has one.
      const sign = Object.is(values[i], -0) ? 0x80 : 0;
      const bits = patterns.get(values[i]!);
      if (bits === undefined) return { misfit: i };
      bytes[i] = bits | sign;
    }
    return bytes;
  }
  const signed = dtype.startsWith('I');
  const bits = dtype === 'BOOL' ? 1 : BITS[dtype];
  const [low, high] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1)] : [0, 2 ** bits];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isInteger(value) || value < low || value >= high) return { misfit: i };
    // Beyond this a number may stand for its neighbour.
    if (width === 8 && Math.abs(value) > Number.MAX_SAFE_INTEGER) return { misfit: i };
    if (width === 8) view.setBigInt64(8 * i, BigInt(value), true);
    else if (width === 4) view.setUint32(4 * i, value, true);
    else if (width === 2) view.setUint16(2 * i, value, true);
    else view.setUint8(i, value);
  }
  return bytes;
}
