import { type Decoder, halfTable } from './decoder.js';
import * as grids from './grids.js';

const fround = Math.fround;

/** The rows of a lattice as magnitudes, unpacked on first use. */
function lattice(packed: grids.PackedGrid): () => Int8Array {
  let rows: Int8Array | undefined;
  return () => {
    if (rows === undefined) {
      const bytes = Uint8Array.from(atob(packed.rows), (character) => character.charCodeAt(0));
      const perByte = 8 / packed.bits;
      const mask = (1 << packed.bits) - 1;
      rows = Int8Array.from(
        { length: bytes.length * perByte },
        (_, i) => packed.values[(bytes[Math.floor(i / perByte)]! >> (packed.bits * (i % perByte))) & mask]!,
      );
    }
    return rows;
  };
}

const iq2xxsGrid = lattice(grids.IQ2_XXS);
const iq2xsGrid = lattice(grids.IQ2_XS);
const iq2sGrid = lattice(grids.IQ2_S);
const iq3xxsGrid = lattice(grids.IQ3_XXS);
const iq3sGrid = lattice(grids.IQ3_S);
const iq1sGrid = lattice(grids.IQ1_S);

/** Signs of eight values from seven bits: an even number of them is negative, so the eighth bit is the parity of the others. */
const SIGNS = Uint8Array.from({ length: 128 }, (_, bits) => {
  let parity = bits ^ (bits >> 4);
  parity ^= parity >> 2;
  parity ^= parity >> 1;
  return bits | ((parity & 1) << 7);
});

/** Eight values: magnitudes of a row from `row` on, a bit of `signs` for each. */
function signed8(grid: Int8Array, row: number, signs: number, d: number, out: Float32Array, at: number): void {
  for (let j = 0; j < 8; j++) out[at + j] = (signs >> j) & 1 ? -(d * grid[row + j]!) : d * grid[row + j]!;
}

const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

/** IQ2_XXS. Block: scale (f16), eight times four rows (u8) and signs with a 4-bit scale (u32). */
export const iq2_xxs: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  const grid = iq2xxsGrid();
  for (let block = 0; block < count; block++, from += 66) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    for (let group = from + 2; group < from + 66; group += 8) {
      const rest = word(bytes, group + 4);
      const db = fround(fround(d * (0.5 + (rest >>> 28))) * 0.25);
      for (let l = 0; l < 4; l++, at += 8)
        signed8(grid, 8 * bytes[group + l]!, SIGNS[(rest >>> (7 * l)) & 127]!, db, out, at);
    }
  }
};

/** IQ2_XS. Block: scale (f16), 32 rows with signs (u16), 16 scales of 4 bits. */
export const iq2_xs: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  const grid = iq2xsGrid();
  for (let block = 0; block < count; block++, from += 74) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    for (let group = 0; group < 32; group++, at += 8) {
      const code = bytes[from + 2 + 2 * group]! | (bytes[from + 3 + 2 * group]! << 8);
      const scale = (bytes[from + 66 + (group >> 2)]! >> (4 * ((group >> 1) & 1))) & 15;
      const db = fround(fround(d * (0.5 + scale)) * 0.25);
      signed8(grid, 8 * (code & 511), SIGNS[code >> 9]!, db, out, at);
    }
  }
};

/** IQ2_S. Block: scale (f16), 32 rows (u8), 32 signs (u8), high bits of the rows (8 bytes), 16 scales of 4 bits. */
export const iq2_s: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  const grid = iq2sGrid();
  for (let block = 0; block < count; block++, from += 82) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    for (let group = 0; group < 32; group++, at += 8) {
      const high = (bytes[from + 66 + (group >> 2)]! >> (2 * (group & 3))) & 3;
      const scale = (bytes[from + 74 + (group >> 2)]! >> (4 * ((group >> 1) & 1))) & 15;
      const db = fround(fround(d * (0.5 + scale)) * 0.25);
      signed8(grid, 8 * (bytes[from + 2 + group]! | (high << 8)), bytes[from + 34 + group]!, db, out, at);
    }
  }
};

/** Two rows of four values. */
function signed4x2(
  grid: Int8Array,
  first: number,
  second: number,
  signs: number,
  d: number,
  out: Float32Array,
  at: number,
): void {
  for (let j = 0; j < 4; j++) {
    const a = d * grid[4 * first + j]!;
    const b = d * grid[4 * second + j]!;
    out[at + j] = (signs >> j) & 1 ? -a : a;
    out[at + 4 + j] = (signs >> (j + 4)) & 1 ? -b : b;
  }
}

/** IQ3_XXS. Block: scale (f16), 64 rows (u8), eight times signs with a 4-bit scale (u32). */
export const iq3_xxs: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  const grid = iq3xxsGrid();
  for (let block = 0; block < count; block++, from += 98) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    for (let group = 0; group < 8; group++) {
      const rest = word(bytes, from + 66 + 4 * group);
      const db = fround(fround(d * (0.5 + (rest >>> 28))) * 0.5);
      for (let l = 0; l < 4; l++, at += 8) {
        const rows = from + 2 + 8 * group + 2 * l;
        signed4x2(grid, bytes[rows]!, bytes[rows + 1]!, SIGNS[(rest >>> (7 * l)) & 127]!, db, out, at);
      }
    }
  }
};

/** IQ3_S. Block: scale (f16), 64 rows (u8), their ninth bits (8 bytes), 32 signs (u8), 8 scales of 4 bits. */
export const iq3_s: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  const grid = iq3sGrid();
  for (let block = 0; block < count; block++, from += 110) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    for (let group = 0; group < 8; group++) {
      const scale = (bytes[from + 106 + (group >> 1)]! >> (4 * (group & 1))) & 15;
      const db = fround(d * (1 + 2 * scale));
      const high = bytes[from + 66 + group]!;
      for (let l = 0; l < 4; l++, at += 8) {
        const rows = from + 2 + 8 * group + 2 * l;
        const first = bytes[rows]! | (((high >> (2 * l)) & 1) << 8);
        const second = bytes[rows + 1]! | (((high >> (2 * l + 1)) & 1) << 8);
        signed4x2(grid, first, second, bytes[from + 74 + 4 * group + l]!, db, out, at);
      }
    }
  }
};

const DELTA = 0.125;

/** IQ1_S. Block: scale (f16), 32 rows (u8), eight times high bits of rows, a scale of 3 bits and the sign of the shift (u16). */
export const iq1_s: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  const grid = iq1sGrid();
  for (let block = 0; block < count; block++, from += 50) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    for (let group = 0; group < 8; group++) {
      const high = bytes[from + 34 + 2 * group]! | (bytes[from + 35 + 2 * group]! << 8);
      const dl = fround(d * (2 * ((high >> 12) & 7) + 1));
      const delta = high & 0x8000 ? -DELTA : DELTA;
      for (let l = 0; l < 4; l++, at += 8) {
        const row = 8 * (bytes[from + 2 + 4 * group + l]! | (((high >> (3 * l)) & 7) << 8));
        for (let j = 0; j < 8; j++) out[at + j] = dl * (grid[row + j]! + delta);
      }
    }
  }
};

/** IQ1_M. Block: 32 rows (u8), their high bits and signs of the shift (32 × 4 bits), 16 scales of 3 bits with the f16 scale in the high nibbles (4 × u16). */
export const iq1_m: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  const grid = iq1sGrid();
  for (let block = 0; block < count; block++, from += 56) {
    const s = from + 48;
    const d =
      half[
        (bytes[s + 1]! >> 4) | (bytes[s + 3]! & 0xf0) | ((bytes[s + 5]! & 0xf0) << 4) | ((bytes[s + 7]! & 0xf0) << 8)
      ]!;
    for (let group = 0; group < 32; group++, at += 8) {
      const sub = group >> 1;
      const scales = bytes[s + 2 * (sub >> 2)]! | (bytes[s + 2 * (sub >> 2) + 1]! << 8);
      const dl = fround(d * (2 * ((scales >> (3 * (sub & 3))) & 7) + 1));
      const high = bytes[from + 32 + (group >> 1)]! >> (4 * (group & 1));
      const row = 8 * (bytes[from + group]! | ((high & 7) << 8));
      const delta = high & 8 ? -DELTA : DELTA;
      for (let j = 0; j < 8; j++) out[at + j] = dl * (grid[row + j]! + delta);
    }
  }
};

/** The 16 levels of IQ4 (`kvalues_iq4nl`). */
const LEVELS = Float32Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

/** IQ4_NL: 32 codes of 4 bits for uneven levels. Block: scale (f16), 16 bytes. */
export const iq4_nl: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 18, at += 32) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    for (let j = 0; j < 16; j++) {
      const q = bytes[from + 2 + j]!;
      out[at + j] = d * LEVELS[q & 15]!;
      out[at + 16 + j] = d * LEVELS[q >> 4]!;
    }
  }
};

/** IQ4_XS: 256 codes of 4 bits for uneven levels. Block: scale (f16), high bits of 8 scales (u16), low bits (4 bytes), 128 bytes. */
export const iq4_xs: Decoder = (bytes, from, count, out, at) => {
  const half = halfTable();
  for (let block = 0; block < count; block++, from += 136) {
    const d = half[bytes[from]! | (bytes[from + 1]! << 8)]!;
    const high = bytes[from + 2]! | (bytes[from + 3]! << 8);
    for (let group = 0; group < 8; group++, at += 32) {
      const low = (bytes[from + 4 + (group >> 1)]! >> (4 * (group & 1))) & 15;
      const dl = fround(d * ((low | (((high >> (2 * group)) & 3) << 4)) - 32));
      for (let j = 0; j < 16; j++) {
        const q = bytes[from + 8 + 16 * group + j]!;
        out[at + j] = dl * LEVELS[q & 15]!;
        out[at + 16 + j] = dl * LEVELS[q >> 4]!;
      }
    }
  }
};
