import type { KernelMatrix } from '../kernelMatrix.js';
import { type BitMask, maskFromBits } from '../mask.js';
import type { BitRows } from './bitRows.js';

/** Rows and columns of a kernel matrix that cross in one dense block: every weight there may differ from 0. */
export interface DenseBlock {
  /** Output channels, in the order of the group. */
  readonly rows: Uint32Array;
  /** Columns of the kernel matrix: an input channel and a place in the window each. */
  readonly columns: Uint32Array;
}

/**
 * A kernel matrix as dense blocks: outside of them it is 0. No row lies in two blocks; columns may. A product gathers the columns of the input that a
 * block needs, multiplies a dense matrix of rows × columns, and scatters the result to its rows.
 */
export interface RegroupedBlocks {
  /** Of the whole matrix. */
  readonly rows: number;
  readonly columns: number;
  readonly blocks: readonly DenseBlock[];
}

export const cellsOf = ({ rows, columns }: DenseBlock): number => rows.length * columns.length;

/** The mask whose ones are the cells of the blocks. */
export function maskOfBlocks(matrix: KernelMatrix, blocks: readonly DenseBlock[]): BitMask {
  const elements = matrix.rows * matrix.columns;
  const bits = new Uint8Array(Math.ceil(elements / 8));
  for (const { rows, columns } of blocks) {
    for (const row of rows) {
      for (const column of columns) {
        const at = matrix.index(row, column);
        bits[at >>> 3]! |= 1 << (at & 7);
      }
    }
  }
  return maskFromBits(elements, bits);
}

/**
 * Finds the blocks that a mask consists of: rows with exactly the same columns belong together, rows without any belong to none. A mask without
 * structure falls into blocks of one row; whether blocks are worth a product of their own is for the caller to judge. Blocks are in the order of
 * their first rows, rows and columns ascend.
 */
export function denseBlocksOf(mask: BitRows): RegroupedBlocks {
  const { rows, columns, words, bits } = mask;
  const groups = new Map<string, number[]>();
  for (let row = 0; row < rows; row++) {
    const own = bits.subarray(row * words, (row + 1) * words);
    if (own.every((word) => word === 0)) continue;
    const key = own.join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  const blocks = [...groups.values()].map((group): DenseBlock => {
    const first = group[0]! * words;
    const shared = Array.from({ length: columns }, (_, column) => column).filter(
      (column) => (bits[first + (column >>> 5)]! >>> (column & 31)) & 1,
    );
    return { rows: Uint32Array.from(group), columns: Uint32Array.from(shared) };
  });
  return { rows, columns, blocks };
}
