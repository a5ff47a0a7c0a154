import type { Kernel } from './kernel.js';

/** Blocks of a bit matrix in which every bit is set. Names are ROWSxCOLUMNS. */
export interface BlockCounts {
  readonly b4x1: number;
  readonly b1x4: number;
  readonly b4x4: number;
  readonly b16x16: number;
}

/** Whole zero blocks of a matrix of `rows` × `columns` bits, row after row without padding. Incomplete blocks at the edges are left out. */
export const zeroBlocks: Kernel<[bits: Uint8Array, rows: number, columns: number], BlockCounts> = {
  name: 'zeroBlocks',
  plain(bits, rows, columns) {
    const count = (height: number, width: number): number => {
      let whole = 0;
      for (let r = 0; r + height <= rows; r += height) {
        for (let c = 0; c + width <= columns; c += width) {
          if (allSet(bits, r, c, height, width, columns)) whole++;
        }
      }
      return whole;
    };
    return { b4x1: count(4, 1), b1x4: count(1, 4), b4x4: count(4, 4), b16x16: count(16, 16) };
  },
  simd: (wasm) => (bits, rows, columns) => {
    const frame = wasm.frame();
    const place = frame.input(bits);
    frame.scratch(64);
    if (frame.full) return zeroBlocks.plain(bits, rows, columns);
    wasm.exports.zeroBlocks(place, rows, columns, wasm.results);
    const [b4x1, b1x4, b4x4, b16x16] = wasm.resultsF64;
    return { b4x1: b4x1!, b1x4: b1x4!, b4x4: b4x4!, b16x16: b16x16! };
  },
};

function allSet(
  bits: Uint8Array,
  row: number,
  column: number,
  height: number,
  width: number,
  columns: number,
): boolean {
  for (let r = row; r < row + height; r++) {
    for (let c = column; c < column + width; c++) {
      const element = r * columns + c;
      if (((bits[Math.floor(element / 8)]! >> (element & 7)) & 1) === 0) return false;
    }
  }
  return true;
}
