import { breathe, type Rng, type Work } from '@espalier/base';
import { type BitRows, eachColumn } from '../structure/bitRows.js';
import { shuffled } from './coarsen.js';
import { exchange } from './exchange.js';
import { meanShared, overlapsOf } from './overlaps.js';

/** Rows that change places among each other at once. */
const CHUNK_ROWS = 256;
/** Each goes through all rows. */
const ROUNDS = 2;

/**
 * For matrices with too many rows to compare all pairs: rows that have no part yet (`parts` = `count`) go where they share most for each row that is
 * there; then some rows at a time are exchanged among all parts, the others staying where they are. In place; sizes stay from `least` to `most`.
 */
export async function assignRest(
  all: BitRows,
  rows: readonly number[],
  parts: Uint32Array,
  count: number,
  limits: { readonly least: number; readonly most: number },
  rng: Rng,
  work: Pick<Work, 'signal'>,
): Promise<void> {
  const within = partCounts(all, rows, count);
  for (const [i, part] of parts.entries()) if (part < count) within.add(i, part, 1);
  await fill(within, parts, limits, work);
  const chunks = Math.ceil(rows.length / CHUNK_ROWS);
  for (let round = 0; round < ROUNDS; round++) {
    const order = shuffled(rows.length, rng);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const own = order.subarray(chunk * CHUNK_ROWS, (chunk + 1) * CHUNK_ROWS);
      const labels = Uint32Array.from(own, (i) => parts[i]!);
      for (const i of own) within.add(i, parts[i]!, -1);
      const graph = await overlapsOf(
        all,
        Array.from(own, (i) => rows[i]!),
        work,
        within.mean,
      );
      const bonds = new Float64Array(own.length * count);
      for (const [v, i] of own.entries()) bonds.set(within.bonds(i), v * count);
      await exchange(graph, labels, count, limits, work, { sizes: within.sizes, bonds });
      for (const [v, i] of own.entries()) {
        parts[i] = labels[v]!;
        within.add(i, labels[v]!, 1);
      }
    }
  }
}

/** The columns that the rows of each part have, counted. */
function partCounts(all: BitRows, rows: readonly number[], count: number) {
  const sizes = new Uint32Array(count);
  const counts = new Float64Array(count * all.columns);
  const mean = meanShared(all, rows);
  const sums = new Float64Array(count);
  return {
    sizes,
    mean,
    add(i: number, part: number, sign: 1 | -1): void {
      sizes[part]! += sign;
      eachColumn(all, rows[i]!, (column) => (counts[part * all.columns + column]! += sign));
    },
    /** What a row shares with the rows of each part. */
    bonds(i: number): Float64Array {
      for (let part = 0; part < count; part++) sums[part] = -mean * sizes[part]!;
      eachColumn(all, rows[i]!, (column) => {
        for (let part = 0; part < count; part++) sums[part]! += counts[part * all.columns + column]!;
      });
      return sums;
    },
  };
}

/** Gives rows without a part theirs. As many rows are held back as parts need that are still too small. */
async function fill(
  { sizes, bonds, add }: ReturnType<typeof partCounts>,
  parts: Uint32Array,
  { least, most }: { readonly least: number; readonly most: number },
  work: Pick<Work, 'signal'>,
): Promise<void> {
  const count = sizes.length;
  let left = parts.reduce((sum, part) => sum + (part === count ? 1 : 0), 0);
  let missing = sizes.reduce((sum, size) => sum + Math.max(0, least - size), 0);
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] !== count) continue;
    if (left % 256 === 0) {
      await breathe();
      work.signal.throwIfAborted();
    }
    const shared = bonds(i);
    let best = -1;
    for (let part = 0; part < count; part++) {
      const isOpen = sizes[part]! < least || (sizes[part]! < most && left > missing);
      const worth = (of: number): number => shared[of]! / Math.max(1, sizes[of]!);
      if (isOpen && (best < 0 || worth(part) > worth(best))) best = part;
    }
    if (sizes[best]! < least) missing--;
    left--;
    parts[i] = best;
    add(i, best, 1);
  }
}
