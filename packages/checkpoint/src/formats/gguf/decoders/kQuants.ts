import { type Decoder, halfTable } from './decoder.js';

const fround = Math.fround;

/** Q2_K: 256 codes of 2 bits. Block: 16 scales and minima of 4 bits, 64 bytes, their scale and minimum (f16). */
export const q2_K: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 84) {
    const d = half[bytes[from + 80]! | (bytes[from + 81]! << 8)]!;
    const dmin = half[bytes[from + 82]! | (bytes[from + 83]! << 8)]!;
    let sub = from;
    for (let group = from + 16; group < from + 80; group += 32) {
      for (let shift = 0; shift < 8; shift += 2) {
        for (let begin = group; begin < group + 32; begin += 16, sub++) {
          const scale = bytes[sub]!;
          const dl = fround(d * (scale & 15));
          const ml = fround(dmin * (scale >> 4));
          for (let j = begin; j < begin + 16; j++) out[at++] = fround(dl * ((bytes[j]! >> shift) & 3)) - ml;
        }
      }
    }
  }
};

/** Q3_K: 256 codes of 3 bits. Block: the high bits (32 bytes), the low ones (64), 16 scales of 6 bits (12), their scale (f16). */
export const q3_K: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 110) {
    const d = half[bytes[from + 108]! | (bytes[from + 109]! << 8)]!;
    const scales = from + 96;
    let sub = 0;
    let highBit = 1;
    for (let group = from + 32; group < from + 96; group += 32) {
      for (let shift = 0; shift < 8; shift += 2, highBit <<= 1) {
        for (let begin = 0; begin < 32; begin += 16, sub++) {
          const low = (bytes[scales + (sub & 7)]! >> (sub < 8 ? 0 : 4)) & 15;
          const high = (bytes[scales + 8 + (sub & 3)]! >> (2 * (sub >> 2))) & 3;
          const dl = fround(d * ((low | (high << 4)) - 32));
          for (let j = begin; j < begin + 16; j++) {
            // The offset applies where the high bit is not set.
            const q = ((bytes[group + j]! >> shift) & 3) - (bytes[from + j]! & highBit ? 0 : 4);
            out[at++] = dl * q;
          }
        }
      }
    }
  }
};

/** The 6-bit scale of sub-block j (0 to 7) of Q4_K and Q5_K; its minimum lies 4 bytes on. */
const subScale = (bytes: Uint8Array, scales: number, j: number): number =>
  j < 4 ? bytes[scales + j]! & 63 : (bytes[scales + 4 + j]! & 15) | ((bytes[scales + j - 4]! >> 2) & 48);
const subMinimum = (bytes: Uint8Array, scales: number, j: number): number =>
  j < 4 ? bytes[scales + 4 + j]! & 63 : (bytes[scales + 4 + j]! >> 4) | ((bytes[scales + j]! >> 2) & 48);

const low16 = new Float32Array(16);
const high16 = new Float32Array(16);

/** The 16 values that a sub-block of Q4_K can have. */
function fillTable(values: Float32Array, d: number, m: number): void {
  for (let q = 0; q < 16; q++) values[q] = fround(d * q) - m;
}

/** Q4_K: 256 codes of 4 bits. Block: scale and minimum (f16), 8 scales and minima of 6 bits (12 bytes), 128 bytes. */
export const q4_K: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 144) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    const dmin = half[bytes[from + 2]! | (bytes[from + 3]! << 8)]!;
    for (let sub = 0; sub < 8; sub += 2, at += 64) {
      fillTable(low16, fround(d * subScale(bytes, from + 4, sub)), fround(dmin * subMinimum(bytes, from + 4, sub)));
      fillTable(
        high16,
        fround(d * subScale(bytes, from + 4, sub + 1)),
        fround(dmin * subMinimum(bytes, from + 4, sub + 1)),
      );
      const codes = from + 16 + 16 * sub;
      for (let j = 0; j < 32; j++) {
        const q = bytes[codes + j]!;
        out[at + j] = low16[q & 15]!;
        out[at + 32 + j] = high16[q >> 4]!;
      }
    }
  }
};

/** Q5_K: 256 codes of 5 bits. Block: as Q4_K with the fifth bits (32 bytes) before the others. */
export const q5_K: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 176) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    const dmin = half[bytes[from + 2]! | (bytes[from + 3]! << 8)]!;
    const high = from + 16;
    for (let sub = 0; sub < 8; sub += 2, at += 64) {
      const d1 = fround(d * subScale(bytes, from + 4, sub));
      const m1 = fround(dmin * subMinimum(bytes, from + 4, sub));
      const d2 = fround(d * subScale(bytes, from + 4, sub + 1));
      const m2 = fround(dmin * subMinimum(bytes, from + 4, sub + 1));
      const codes = from + 48 + 16 * sub;
      for (let j = 0; j < 32; j++) {
        const q = bytes[codes + j]!;
        const bits = bytes[high + j]! >> sub;
        out[at + j] = fround(d1 * ((q & 15) | ((bits & 1) << 4))) - m1;
        out[at + 32 + j] = fround(d2 * ((q >> 4) | ((bits & 2) << 3))) - m2;
      }
    }
  }
};

/** Q6_K: 256 codes of 6 bits around 32. Block: low bits (128 bytes), high bits (64), 16 scales (i8), their scale (f16). */
export const q6_K: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 210) {
    const d = half[bytes[from + 208]! | (bytes[from + 209]! << 8)]!;
    for (let group = 0; group < 2; group++, at += 128) {
      const low = from + 64 * group;
      const high = from + 128 + 32 * group;
      const scales = from + 192 + 8 * group;
      for (let part = 0; part < 2; part++) {
        const d0 = fround(d * ((bytes[scales + part]! << 24) >> 24));
        const d1 = fround(d * ((bytes[scales + 2 + part]! << 24) >> 24));
        const d2 = fround(d * ((bytes[scales + 4 + part]! << 24) >> 24));
        const d3 = fround(d * ((bytes[scales + 6 + part]! << 24) >> 24));
        for (let j = 16 * part; j < 16 * part + 16; j++) {
          const a = bytes[low + j]!;
          const b = bytes[low + 32 + j]!;
          const h = bytes[high + j]!;
          out[at + j] = d0 * (((a & 15) | ((h & 3) << 4)) - 32);
          out[at + 32 + j] = d1 * (((b & 15) | ((h & 12) << 2)) - 32);
          out[at + 64 + j] = d2 * (((a >> 4) | (h & 48)) - 32);
          out[at + 96 + j] = d3 * (((b >> 4) | ((h & 192) >> 2)) - 32);
        }
      }
    }
  }
};
