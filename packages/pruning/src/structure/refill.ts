import type { Rng } from '@espalier/base';

/**
 * Rows of a kernel matrix after re-filling: full (`1`), empty (`0`), or left as the mask had them (`null`, reference code only). (Chen et al.,
 * "Coarsening the Granularity", ICML 2022, §3.2; the reference code is VITA-Group/Structure-LTH.)
 */
export type RefilledRow = 1 | 0 | null;

export interface RefillOptions {
  /** `paper`: k = ⌈s·C⌉ rows; `compat`: as the released code counts and breaks ties. */
  readonly mode: 'paper' | 'compat';
  readonly criterion: 'magnitude' | 'remain';
  /** Re-fill+: the share of the other rows that is kept besides, 0 for plain re-fill. */
  readonly extra: number;
}

/**
 * `scores` of the rows: Σ|m·w| or the number of remaining weights. `remaining` weights of the whole layer, of rows with `columns` weights each. Ties
 * go to the lower row; the released code draws one row at random and leaves the others partial.
 */
export function refillRows(
  scores: ArrayLike<number>,
  remaining: number,
  columns: number,
  { mode, criterion, extra }: RefillOptions,
  rng: Rng,
): RefilledRow[] {
  const rows = scores.length;
  const equivalents = columns === 0 ? 0 : remaining / columns;
  const byScore = Array.from({ length: rows }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
  if (mode === 'paper') {
    // ⌈s·C⌉ with s = remaining / (C · columns); a division that is exact must not be rounded up by the last bit of a double.
    const wanted = equivalents + (rows - equivalents) * extra;
    const k = Math.min(rows, Math.max(1, Math.ceil(Number(wanted.toPrecision(13)))));
    const full = new Set(byScore.slice(0, k));
    return Array.from({ length: rows }, (_, i) => (full.has(i) ? 1 : 0));
  }
  const c = Math.trunc(equivalents + (rows - equivalents) * extra);
  const rank = criterion === 'remain' ? Math.max(rows - c, 1) : rows - c;
  if (rank <= 0) return new Array<RefilledRow>(rows).fill(1);
  // The K-th smallest score.
  const threshold = scores[byScore[rows - rank]!]!;
  const tied = Array.from({ length: rows }, (_, i) => i).filter((i) => scores[i] === threshold);
  const lucky = tied[rng.below(tied.length)];
  return Array.from({ length: rows }, (_, i) => {
    if (scores[i]! > threshold || i === lucky) return 1;
    return scores[i]! < threshold ? 0 : null;
  });
}
