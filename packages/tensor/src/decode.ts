import { invariant, unreachable } from '@espalier/base';
import { byteLength, type Dtype } from './dtype.js';
import {
  fromBfloat16,
  fromE2M1,
  fromE2M3,
  fromE3M2,
  fromE4M3,
  fromE4M3FNUZ,
  fromE5M2,
  fromE5M2FNUZ,
  fromE8M0,
  fromHalf,
} from './half.js';

/** Decoded values: f64 where f32 would lose something (F64, 32- and 64-bit integers), f32 otherwise. */
export type Values = Float32Array | Float64Array;

/** The value of one bit pattern, for types of at most 16 bits. */
export function valueOfBits(dtype: Dtype, bits: number): number {
  switch (dtype) {
    case 'F16':
      return fromHalf(bits);
    case 'BF16':
      return fromBfloat16(bits);
    case 'F8_E4M3':
      return fromE4M3(bits);
    case 'F8_E5M2':
      return fromE5M2(bits);
    case 'F8_E4M3FNUZ':
      return fromE4M3FNUZ(bits);
    case 'F8_E5M2FNUZ':
      return fromE5M2FNUZ(bits);
    case 'F8_E8M0':
      return fromE8M0(bits);
    case 'F6_E2M3':
      return fromE2M3(bits);
    case 'F6_E3M2':
      return fromE3M2(bits);
    case 'F4':
      return fromE2M1(bits);
    case 'I16':
      return (bits << 16) >> 16;
    case 'I8':
      return (bits << 24) >> 24;
    case 'I4':
      return (bits << 28) >> 28;
    case 'U16':
    case 'U8':
    case 'U4':
      return bits;
    case 'BOOL':
      return bits === 0 ? 0 : 1;
    default:
      throw new Error(`invariant: ${dtype} has more than 16 bits`);
  }
}

/**
 * Little-endian bytes to numbers. `bytes` holds exactly `elements` values. C64 and C128 give the magnitude |re + i·im|.
 * 64-bit integers beyond 2⁵³ are rounded to the nearest double.
 */
export function decodeValues(dtype: Dtype, bytes: Uint8Array, elements: number): Values {
  invariant(bytes.length === byteLength(dtype, elements), `${elements} values of ${dtype} in ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (dtype) {
    case 'F32':
      return aligned(bytes, 4, (buffer, at) => new Float32Array(buffer, at, elements));
    case 'F64':
      return aligned(bytes, 8, (buffer, at) => new Float64Array(buffer, at, elements));
    case 'I32':
      return Float64Array.from({ length: elements }, (_, i) => view.getInt32(4 * i, true));
    case 'U32':
      return Float64Array.from({ length: elements }, (_, i) => view.getUint32(4 * i, true));
    case 'I64':
      return Float64Array.from({ length: elements }, (_, i) => Number(view.getBigInt64(8 * i, true)));
    case 'U64':
      return Float64Array.from({ length: elements }, (_, i) => Number(view.getBigUint64(8 * i, true)));
    case 'C64':
      return Float32Array.from({ length: elements }, (_, i) =>
        Math.hypot(view.getFloat32(8 * i, true), view.getFloat32(8 * i + 4, true)),
      );
    case 'C128':
      return Float64Array.from({ length: elements }, (_, i) =>
        Math.hypot(view.getFloat64(16 * i, true), view.getFloat64(16 * i + 8, true)),
      );
    case 'F16':
    case 'BF16':
    case 'I16':
    case 'U16':
      return fromTable(elements, table(dtype), (i) => view.getUint16(2 * i, true));
    case 'F8_E4M3':
    case 'F8_E5M2':
    case 'F8_E4M3FNUZ':
    case 'F8_E5M2FNUZ':
    case 'F8_E8M0':
    case 'I8':
    case 'U8':
    case 'BOOL':
      return fromTable(elements, table(dtype), (i) => bytes[i]!);
    case 'F4':
    case 'I4':
    case 'U4':
      return fromTable(elements, table(dtype), (i) => (bytes[i >> 1]! >> (4 * (i & 1))) & 15);
    case 'F6_E2M3':
    case 'F6_E3M2':
      return fromTable(elements, table(dtype), (i) => sixBits(bytes, i));
    default:
      return unreachable(dtype);
  }
}

/** Element i of a stream of 6-bit values, least significant bit first. */
function sixBits(bytes: Uint8Array, i: number): number {
  const bit = 6 * i;
  const low = bytes[bit >> 3]! | ((bytes[(bit >> 3) + 1] ?? 0) << 8);
  return (low >> (bit & 7)) & 63;
}

function fromTable(elements: number, values: Float32Array, bitsAt: (i: number) => number): Float32Array {
  const out = new Float32Array(elements);
  for (let i = 0; i < elements; i++) out[i] = values[bitsAt(i)]!;
  return out;
}

const tables = new Map<Dtype, Float32Array>();

/** Every value of a type of at most 16 bits, by bit pattern. */
export function table(dtype: Dtype): Float32Array {
  const known = tables.get(dtype);
  if (known) return known;
  const bits =
    { F16: 16, BF16: 16, I16: 16, U16: 16, F6_E2M3: 6, F6_E3M2: 6, F4: 4, I4: 4, U4: 4 }[dtype as string] ?? 8;
  const made = Float32Array.from({ length: 2 ** bits }, (_, pattern) => valueOfBits(dtype, pattern));
  tables.set(dtype, made);
  return made;
}

function aligned<T>(bytes: Uint8Array, width: number, view: (buffer: ArrayBufferLike, at: number) => T): T {
  if (bytes.byteOffset % width === 0) return view(bytes.buffer, bytes.byteOffset);
  return view(bytes.slice().buffer, 0);
}
