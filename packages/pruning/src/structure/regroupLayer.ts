import type { Work } from '@espalier/base';
import { partitionRows, rowsWithWeights } from '../partition/partitionRows.js';
import { type BitRows, hasBit, rowCounts } from './bitRows.js';
import { cellsOf, type DenseBlock, type RegroupedBlocks } from './denseBlocks.js';
import { type ReleasedRule, releasedBlocks, type SharedColumnRule, sharedBlock } from './regroup.js';

/** How a mask becomes dense blocks. */
export type RegroupRule =
  /** The paper's: columns that enough rows share. `repeat`: rows that got no block are grouped again, until none is found. */
  | ({ readonly kind: 'paper'; readonly repeat: boolean } & SharedColumnRule)
  /** The released code's, one pass. */
  | ({ readonly kind: 'training' | 'inference' } & ReleasedRule);

export interface RegroupOptions {
  readonly rule: RegroupRule;
  /** How many groups; left out: as many as give each 32 rows, at most 8, or 8 as in the released code. */
  readonly groups?: number;
  /** How far sizes of groups may be from their mean, 0 to 1. */
  readonly imbalance: number;
  readonly seed: number;
}

export interface RegroupedLayer extends RegroupedBlocks {
  /** Weights of the mask, and how many of them lie inside of the blocks. */
  readonly weights: number;
  readonly captured: number;
  /** Weights that the blocks have room for. */
  readonly cells: number;
  /** The same two with groups of consecutive rows: what the search for groups is worth. */
  readonly inOrder: { readonly captured: number; readonly cells: number };
  /** Rows that had weights and lie in no block. */
  readonly rowsLost: number;
}

const ROWS_OF_A_GROUP = 32;
const MOST_GROUPS = 8;

/** Groups the rows of a mask and gives each group its dense block. Aborts fly. */
export async function regroupLayer(
  mask: BitRows,
  options: RegroupOptions,
  work: Pick<Work, 'signal'>,
): Promise<RegroupedLayer> {
  const rows = rowsWithWeights(mask);
  const blocks: DenseBlock[] = [];
  let left = rows;
  do {
    const parts = options.groups ?? usualGroups(left.length, options.rule);
    const groups = await partitionRows(mask, { ...options, parts }, work, left);
    const found = blocksOf(mask, groups, options.rule);
    blocks.push(...found);
    const taken = new Set(found.flatMap((block) => [...block.rows]));
    left = left.filter((row) => !taken.has(row));
    if (options.rule.kind !== 'paper' || !options.rule.repeat || found.length === 0) break;
  } while (left.length > 0);
  const plain = consecutive(rows, options.groups ?? usualGroups(rows.length, options.rule));
  const inOrder = blocksOf(mask, plain, options.rule);
  return {
    rows: mask.rows,
    columns: mask.columns,
    blocks,
    weights: rowCounts(mask).reduce((sum, count) => sum + count, 0),
    captured: capturedBy(mask, blocks),
    cells: cellsOfAll(blocks),
    inOrder: { captured: capturedBy(mask, inOrder), cells: cellsOfAll(inOrder) },
    rowsLost: left.length,
  };
}

/** The code always makes 8; ours are as large as a tile of a product. */
const usualGroups = (rows: number, { kind }: RegroupRule): number =>
  kind === 'paper' ? Math.min(MOST_GROUPS, Math.max(1, Math.round(rows / ROWS_OF_A_GROUP))) : MOST_GROUPS;

function blocksOf(mask: BitRows, groups: readonly (readonly number[])[], rule: RegroupRule): DenseBlock[] {
  if (rule.kind !== 'paper') return releasedBlocks(mask, groups, rule, rule.kind);
  return groups.flatMap((group) => sharedBlock(mask, group, rule) ?? []);
}

/** Rows as they come, in groups of about the same size. */
function consecutive(rows: readonly number[], groups: number): readonly (readonly number[])[] {
  const count = Math.min(groups, rows.length);
  return Array.from({ length: count }, (_, i) =>
    rows.slice(Math.floor((i * rows.length) / count), Math.floor(((i + 1) * rows.length) / count)),
  );
}

const cellsOfAll = (blocks: readonly DenseBlock[]): number => blocks.reduce((sum, block) => sum + cellsOf(block), 0);

function capturedBy(mask: BitRows, blocks: readonly DenseBlock[]): number {
  let captured = 0;
  for (const { rows, columns } of blocks)
    for (const row of rows) for (const column of columns) if (hasBit(mask, row, column)) captured++;
  return captured;
}
