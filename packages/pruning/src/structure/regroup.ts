import { type BitRows, columnCounts, hasBit, rowCounts } from './bitRows.js';
import type { DenseBlock } from './denseBlocks.js';

/** The paper's rule for the columns of a group. (Chen et al., "Coarsening the Granularity", ICML 2022, §3.3; b1, b2 and t2 there.) */
export interface SharedColumnRule {
  /** b1: groups of fewer rows get no block. At least 1. */
  readonly minRows: number;
  /** b2: nor do groups that share fewer columns. At least 1. */
  readonly minColumns: number;
  /** t2 as a share of the group's rows: a column that at least so many of them have belongs to the block. 0 to 1. */
  readonly share: number;
}

/** The block of a group of rows: all of them, and the columns that enough of them share, ascending; null where it would be too small. */
export function sharedBlock(
  all: BitRows,
  rows: readonly number[],
  { minRows, minColumns, share }: SharedColumnRule,
): DenseBlock | null {
  if (rows.length < minRows) return null;
  // ⌈share · rows⌉; a product that is whole must not be rounded up by the last bit of a double.
  const enough = Math.max(1, Math.ceil(Number((share * rows.length).toPrecision(13))));
  const columns: number[] = [];
  for (const [column, count] of columnCounts(all, rows).entries()) if (count >= enough) columns.push(column);
  if (columns.length < minColumns) return null;
  return { rows: Uint32Array.from(rows), columns: Uint32Array.from(columns) };
}

/** The constants of the released code (VITA-Group/Structure-LTH), by its names. */
export interface ReleasedRule {
  /** Where the width stops growing: 1.5 there. */
  readonly t1: number;
  /** Rows of one block at most: 32 there. */
  readonly nn: number;
  /** Groups of at most so many rows are lost: 16 there. */
  readonly b2: number;
}

/**
 * The blocks that the released code makes of groups of rows. Its two routines do not agree: `training` compares with the wrong column (its own number, not
 * its rank) and never takes the last width; `inference`, with which the code reads masks again, has neither slip. Columns are in the order of the code: most
 * shared first, then the lower one.
 */
export function releasedBlocks(
  all: BitRows,
  groups: readonly (readonly number[])[],
  rule: ReleasedRule,
  routine: 'training' | 'inference',
): DenseBlock[] {
  // Largest first; a stable sort.
  const ordered = [...groups].sort((a, b) => b.length - a.length);
  return ordered.flatMap((rows) => {
    const counts = columnCounts(all, rows);
    const columns = Uint32Array.from(counts.keys()).sort((a, b) => counts[b]! - counts[a]! || a - b);
    const width = routine === 'training' ? trainingWidth(all, rows, rule) : inferenceWidth(all, rows, columns, rule);
    if (width === null) return [];
    return tiles(rows, rule).map(
      (tile): DenseBlock => ({ rows: Uint32Array.from(tile), columns: columns.slice(0, width) }),
    );
  });
}

/** The first width to which no row objects. A row that does keeps the later ones from being counted down for that width. */
function trainingWidth(all: BitRows, rows: readonly number[], { t1 }: ReleasedRule): number | null {
  const left = leftOf(all, rows);
  for (let width = 1; width < all.columns; width++) {
    const objects = rows.some((row, i) => {
      if (hasBit(all, row, width)) left[i]!--;
      return width <= t1 * left[i]!;
    });
    if (!objects) return width;
  }
  return null;
}

function inferenceWidth(
  all: BitRows,
  rows: readonly number[],
  columns: Uint32Array,
  { t1 }: ReleasedRule,
): number | null {
  const left = leftOf(all, rows);
  for (const [rank, column] of columns.entries()) {
    const objects = rows.some((row, i) => {
      if (hasBit(all, row, column)) left[i]!--;
      return rank <= t1 * left[i]!;
    });
    if (!objects) return rank + 1;
  }
  return null;
}

/** Weights of each row that are not yet counted down. */
function leftOf(all: BitRows, rows: readonly number[]): number[] {
  const counts = rowCounts(all);
  return rows.map((row) => counts[row]!);
}

/** As many whole tiles as there are in one block, the rest in another; groups that are too small vanish. */
function tiles(rows: readonly number[], { nn, b2 }: ReleasedRule): readonly (readonly number[])[] {
  if (rows.length <= nn) return rows.length > b2 ? [rows] : [];
  const whole = Math.floor(rows.length / nn) * nn;
  return [rows.slice(0, whole), rows.slice(whole)].filter(({ length }) => length > 0);
}
