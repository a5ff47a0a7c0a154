import type { Extent } from './bundleIndex.js';

/**
 * Key under which a slice of a partitioned tensor stands in the index, as Latin-1: a zero, the name, the number of axes, then start and
 * length of each, all in an encoding that sorts like the numbers. Source: tensorflow/core/util/saved_tensor_slice_util.cc
 * (EncodeTensorNameSlice) and tsl/platform/ordered_code.cc.
 */
export function sliceKey(name: string, slice: readonly Extent[]): string {
  let key = `${unsigned(0)}${text(name)}${unsigned(slice.length)}`;
  for (const { start, length } of slice) key += signed(start) + signed(length);
  return key;
}

/** NUL and 255 are escaped, NUL 1 ends it. `name` is Latin-1 already. */
function text(name: string): string {
  let out = '';
  for (const char of name) out += char === '\0' ? '\0\xff' : char === '\xff' ? '\xff\0' : char;
  return `${out}\0\x01`;
}

/** A count of bytes, then the bytes, the highest first. */
function unsigned(value: number): string {
  let bytes = '';
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes = String.fromCharCode(rest % 256) + bytes;
  return String.fromCharCode(bytes.length) + bytes;
}

/** First bits by total length: as many ones as there are bytes, then a zero; each byte adds 7 bits of value, the first of which is the sign. */
function signed(value: number): string {
  const magnitude = BigInt(value < 0 ? -value - 1 : value);
  let length = 1;
  while (magnitude >= 1n << BigInt(7 * length - 1)) length++;
  const bits = BigInt.asUintN(8 * length, BigInt(value));
  const header = ((1n << BigInt(length)) - 1n) << BigInt(7 * length);
  let mixed = BigInt.asUintN(8 * length, bits ^ header);
  let out = '';
  for (let i = 0; i < length; i++) {
    out = String.fromCharCode(Number(mixed & 255n)) + out;
    mixed >>= 8n;
  }
  return out;
}
