import { invariant } from '@espalier/base';
import type { KernelMatrix } from '../kernelMatrix.js';
import { type BitMask, isKept } from '../mask.js';

/** A mask as rows of a kernel matrix, one bit a weight, so that whole rows are compared word by word. */
export interface BitRows {
  readonly rows: number;
  readonly columns: number;
  /** Words of 32 bits a row, ⌈columns / 32⌉; bits behind the last column are 0. */
  readonly words: number;
  /** Row after row, least significant bit first, 1 = kept. */
  readonly bits: Uint32Array;
}

/** The mask of a weight as rows of its kernel matrix, whatever its layout. */
export function bitRowsOf(matrix: KernelMatrix, mask: BitMask): BitRows {
  const { rows, columns } = matrix;
  const elements = rows * columns;
  invariant(mask.elements === elements, 'a mask is as large as its matrix');
  const words = Math.ceil(columns / 32);
  const bits = new Uint32Array(rows * words);
  matrix.walk(0, elements, (offset, length, row, column, rowStep, columnStep) => {
    for (let i = 0; i < length; i++) {
      if (!isKept(mask, offset + i)) continue;
      const at = column + i * columnStep;
      bits[(row + i * rowStep) * words + (at >>> 5)]! |= 1 << (at & 31);
    }
  });
  return { rows, columns, words, bits };
}

export const hasBit = ({ words, bits }: BitRows, row: number, column: number): boolean =>
  ((bits[row * words + (column >>> 5)]! >>> (column & 31)) & 1) === 1;

/** Calls `visit` with each column in which the row has a weight, ascending. */
export function eachColumn({ words, bits }: BitRows, row: number, visit: (column: number) => void): void {
  for (let word = 0; word < words; word++) {
    for (let rest = bits[row * words + word]!; rest !== 0; rest &= rest - 1)
      visit(32 * word + 31 - Math.clz32(rest & -rest));
  }
}

/** In how many of the given rows each column has a weight. */
export function columnCounts(all: BitRows, rows: Iterable<number>): Uint32Array {
  const counts = new Uint32Array(all.columns);
  for (const row of rows) eachColumn(all, row, (column) => counts[column]!++);
  return counts;
}

/** How many bits of a word are set. (Warren, Hacker's Delight, 5-1.) */
export function onesOf(word: number): number {
  let x = word - ((word >>> 1) & 0x5555_5555);
  x = (x & 0x3333_3333) + ((x >>> 2) & 0x3333_3333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** Weights of each row. */
export function rowCounts({ rows, words, bits }: BitRows): Uint32Array {
  const counts = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let at = row * words; at < (row + 1) * words; at++) sum += onesOf(bits[at]!);
    counts[row] = sum;
  }
  return counts;
}
