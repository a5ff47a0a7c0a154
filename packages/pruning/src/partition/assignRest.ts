import { breathe, type Work } from '@espalier/base';
import { type BitRows, eachColumn } from '../structure/bitRows.js';
import { meanShared } from './overlaps.js';

const MOST_ROUNDS = 4;

/**
 * For matrices with too many rows to compare all pairs: rows that have no part yet (`parts` = `count`) go where they share most for each row that is
 * there, then all rows move where they share more, by the counts of columns of each part. In place; sizes stay from `least` to `most`.
 */
export async function assignRest(
  all: BitRows,
  rows: readonly number[],
  parts: Uint32Array,
  count: number,
  { least, most }: { readonly least: number; readonly most: number },
  work: Pick<Work, 'signal'>,
): Promise<void> {
  const sizes = new Uint32Array(count);
  const counts = new Float64Array(count * all.columns);
  const mean = meanShared(all, rows);
  const add = (i: number, part: number, sign: 1 | -1): void => {
    sizes[part]! += sign;
    eachColumn(all, rows[i]!, (column) => (counts[part * all.columns + column]! += sign));
  };
  for (let i = 0; i < rows.length; i++) if (parts[i]! < count) add(i, parts[i]!, 1);
  const sums = new Float64Array(count);
  const sumUp = (i: number): void => {
    for (let part = 0; part < count; part++) sums[part] = -mean * sizes[part]!;
    eachColumn(all, rows[i]!, (column) => {
      for (let part = 0; part < count; part++) sums[part]! += counts[part * all.columns + column]!;
    });
  };
  for (let round = 0; round <= MOST_ROUNDS; round++) {
    let moved = 0;
    for (let i = 0; i < rows.length; i++) {
      if (i % 256 === 0) {
        await breathe();
        work.signal.throwIfAborted();
      }
      const own = parts[i]!;
      if (own < count) {
        if (round === 0 || sizes[own]! <= least) continue;
        add(i, own, -1);
      }
      sumUp(i);
      // New rows are drawn by what they share with a row on average: parts are of different sizes while they fill.
      const worth = (part: number): number => (round === 0 ? sums[part]! / Math.max(1, sizes[part]!) : sums[part]!);
      let best = own < count ? own : -1;
      for (let part = 0; part < count; part++) {
        if (part !== own && sizes[part]! < most && (best < 0 || worth(part) > worth(best))) best = part;
      }
      add(i, best, 1);
      parts[i] = best;
      if (best !== own) moved++;
    }
    if (round > 0 && moved === 0) return;
  }
}
