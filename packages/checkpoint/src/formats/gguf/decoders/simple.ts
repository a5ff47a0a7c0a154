import { type Decoder, halfTable } from './decoder.js';

const fround = Math.fround;

/** Q4_0: 32 codes of 4 bits around 8. Block: scale (f16), 16 bytes; low nibbles first. */
export const q4_0: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 18, at += 32) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    for (let j = 0; j < 16; j++) {
      const q = bytes[from + 2 + j]!;
      out[at + j] = d * ((q & 15) - 8);
      out[at + 16 + j] = d * ((q >> 4) - 8);
    }
  }
};

/** Q4_1: 32 codes of 4 bits. Block: scale and minimum (f16), 16 bytes. */
export const q4_1: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 20, at += 32) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    const m = half[bytes[from + 2]! | (bytes[from + 3]! << 8)]!;
    for (let j = 0; j < 16; j++) {
      const q = bytes[from + 4 + j]!;
      out[at + j] = fround(d * (q & 15)) + m;
      out[at + 16 + j] = fround(d * (q >> 4)) + m;
    }
  }
};

/** Q5_0: 32 codes of 5 bits around 16. Block: scale (f16), the fifth bits (u32), 16 bytes. */
export const q5_0: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 22, at += 32) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    const high = bytes[from + 2]! | (bytes[from + 3]! << 8) | (bytes[from + 4]! << 16) | (bytes[from + 5]! << 24);
    for (let j = 0; j < 16; j++) {
      const q = bytes[from + 6 + j]!;
      out[at + j] = d * (((q & 15) | (((high >>> j) & 1) << 4)) - 16);
      out[at + 16 + j] = d * (((q >> 4) | (((high >>> (j + 16)) & 1) << 4)) - 16);
    }
  }
};

/** Q5_1: 32 codes of 5 bits. Block: scale and minimum (f16), the fifth bits (u32), 16 bytes. */
export const q5_1: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 24, at += 32) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    const m = half[bytes[from + 2]! | (bytes[from + 3]! << 8)]!;
    const high = bytes[from + 4]! | (bytes[from + 5]! << 8) | (bytes[from + 6]! << 16) | (bytes[from + 7]! << 24);
    for (let j = 0; j < 16; j++) {
      const q = bytes[from + 8 + j]!;
      out[at + j] = fround(d * ((q & 15) | (((high >>> j) & 1) << 4))) + m;
      out[at + 16 + j] = fround(d * ((q >> 4) | (((high >>> (j + 16)) & 1) << 4))) + m;
    }
  }
};

/** Q8_0: 32 codes of 8 bits. Block: scale (f16), 32 bytes. */
export const q8_0: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 34, at += 32) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    for (let j = 0; j < 32; j++) out[at + j] = d * ((bytes[from + 2 + j]! << 24) >> 24);
  }
};

/** Q8_1: Q8_0 with the sum of its values, which decoding does not need. Block: scale and sum (f16), 32 bytes. */
export const q8_1: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 36, at += 32) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    for (let j = 0; j < 32; j++) out[at + j] = d * ((bytes[from + 4 + j]! << 24) >> 24);
  }
};

/** Q8_K: 256 codes of 8 bits. Block: scale (f32), 256 bytes, sums of groups, which decoding does not need. */
export const q8_K: Decoder = (bytes, from, count, out, at) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let block = 0; block < count; block++, from += 292, at += 256) {
    const d = view.getFloat32(from, true);
    for (let j = 0; j < 256; j++) out[at + j] = d * ((bytes[from + 4 + j]! << 24) >> 24);
  }
};

/** Q1_0: 128 signs, 1 for plus. Block: magnitude (f16), 16 bytes, the first sign in the lowest bit. */
export const q1_0: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 18, at += 128) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    for (let j = 0; j < 128; j++) out[at + j] = (bytes[from + 2 + (j >> 3)]! >> (j & 7)) & 1 ? d : -d;
  }
};

/** TQ1_0: 256 ternary digits, five to a byte as fractions of 3⁵/256. Block: 48 + 4 bytes, scale (f16). */
export const tq1_0: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 54) {
    const d = half[bytes[from + 52]! | (bytes[from + 53]! << 8)]!;
    at = ternary(bytes, from, 32, 5, d, out, at);
    at = ternary(bytes, from + 32, 16, 5, d, out, at);
    at = ternary(bytes, from + 48, 4, 4, d, out, at);
  }
};

function ternary(
  bytes: Uint8Array,
  from: number,
  width: number,
  digits: number,
  d: number,
  out: Float32Array,
  at: number,
): number {
  for (let digit = 0, power = 1; digit < digits; digit++, power *= 3) {
    for (let j = 0; j < width; j++) out[at++] = d * (((((bytes[from + j]! * power) & 255) * 3) >> 8) - 1);
  }
  return at;
}

/** TQ2_0: 256 ternary digits of 2 bits. Block: 64 bytes, scale (f16). */
export const tq2_0: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 66) {
    const d = half[bytes[from + 64]! | (bytes[from + 65]! << 8)]!;
    for (let group = from; group < from + 64; group += 32) {
      for (let shift = 0; shift < 8; shift += 2) {
        for (let j = 0; j < 32; j++) out[at++] = d * (((bytes[group + j]! >> shift) & 3) - 1);
      }
    }
  }
};

/** The values of E2M1, doubled. */
const FP4 = Float32Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

/** Powers of two by their E8M0 exponent, halved because the codes are doubled. */
const HALF_E8M0 = Float32Array.from({ length: 256 }, (_, bits) => 2 ** (bits - 128));

/** MXFP4: 32 codes of E2M1. Block: exponent (E8M0), 16 bytes. */
export const mxfp4: Decoder = (bytes, from, count, out, at) => {
  for (let block = 0; block < count; block++, from += 17, at += 32) {
    const d = HALF_E8M0[bytes[from]!]!;
    for (let j = 0; j < 16; j++) {
      const q = bytes[from + 1 + j]!;
      out[at + j] = d * FP4[q & 15]!;
      out[at + 16 + j] = d * FP4[q >> 4]!;
    }
  }
};

/** Unsigned E4M3 by its bits, halved because the codes are doubled; 0x7F means 0. */
const UE4M3 = Float32Array.from({ length: 256 }, (_, bits) => {
  const exponent = (bits >> 3) & 15;
  const mantissa = bits & 7;
  if (bits === 0 || bits === 0x7f) return 0;
  return 0.5 * (exponent === 0 ? mantissa * 2 ** -9 : (1 + mantissa / 8) * 2 ** (exponent - 7));
});

/** NVFP4: 64 codes of E2M1. Block: four scales (UE4M3), four times 8 bytes. */
export const nvfp4: Decoder = (bytes, from, count, out, at) => {
  for (let block = 0; block < count; block++, from += 36) {
    for (let group = 0; group < 4; group++, at += 16) {
      const d = UE4M3[bytes[from + group]!]!;
      for (let j = 0; j < 8; j++) {
        const q = bytes[from + 4 + 8 * group + j]!;
        out[at + j] = d * FP4[q & 15]!;
        out[at + 8 + j] = d * FP4[q >> 4]!;
      }
    }
  }
};
