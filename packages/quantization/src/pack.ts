/** Bits that a packed code takes: 3 and 5 to 7 bits are stored one to a byte. */
export const storedBits = (bits: number): 1 | 2 | 4 | 8 => (bits === 1 || bits === 2 || bits === 4 ? bits : 8);

/** Bytes of a row of packed codes; each row begins at a byte. */
export const packedRowBytes = (columns: number, bits: number): number => Math.ceil((columns * storedBits(bits)) / 8);

/**
 * Packs rows of unsigned codes: two of 4 bits to a byte, the first in the low nibble; four of 2 bits, eight of one, the first in the lowest bits; others one to a
 * byte.
 */
export function packRows(codes: ArrayLike<number>, columns: number, bits: number): Uint8Array {
  const rows = columns === 0 ? 0 : codes.length / columns;
  const stored = storedBits(bits);
  const rowBytes = packedRowBytes(columns, bits);
  const perByte = 8 / stored;
  const bytes = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * rowBytes + Math.floor(column / perByte);
      bytes[at]! |= codes[row * columns + column]! << (stored * (column % perByte));
    }
  }
  return bytes;
}

/** The codes of packed rows. */
export function unpackRows(bytes: Uint8Array, rows: number, columns: number, bits: number): Uint8Array {
  const stored = storedBits(bits);
  const rowBytes = packedRowBytes(columns, bits);
  const perByte = 8 / stored;
  const mask = 2 ** stored - 1;
  const codes = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const byte = bytes[row * rowBytes + Math.floor(column / perByte)]!;
      codes[row * columns + column] = (byte >> (stored * (column % perByte))) & mask;
    }
  }
  return codes;
}
