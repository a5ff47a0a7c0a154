import { breathe, type Work } from '@espalier/base';
import type { OverlapGraph } from './overlaps.js';

/** Rows that stay in their parts and are not in the graph: how many, and what each row of the graph shares with those of each part. */
export interface Outside {
  readonly sizes: Uint32Array;
  /** `bonds[row * parts + part]`. */
  readonly bonds: Float64Array;
}

/** Rounds end sooner, once one brings nothing. */
const MOST_ROUNDS = 20;

/**
 * Improves parts in place: a row goes to another part, or two rows of different parts change places, wherever more is then shared within the parts.
 * Sizes stay from `least` to `most`. For graphs whose vertices are single rows. (Kernighan and Lin, "An Efficient Heuristic Procedure for Partitioning
 * Graphs", 1970, with the first exchange that pays.)
 */
export async function exchange(
  { size, shared }: OverlapGraph,
  parts: Uint32Array,
  count: number,
  { least, most }: { readonly least: number; readonly most: number },
  work: Pick<Work, 'signal'>,
  outside?: Outside,
): Promise<void> {
  const sizes = outside?.sizes.slice() ?? new Uint32Array(count);
  // What each row shares with each part, itself not counted.
  const bonds = outside?.bonds.slice() ?? new Float64Array(size * count);
  for (let v = 0; v < size; v++) {
    sizes[parts[v]!]!++;
    for (let u = 0; u < size; u++) if (u !== v) bonds[v * count + parts[u]!]! += shared[v * size + u]!;
  }
  const move = (v: number, to: number): void => {
    const from = parts[v]!;
    for (let u = 0; u < size; u++) {
      if (u === v) continue;
      bonds[u * count + from]! -= shared[v * size + u]!;
      bonds[u * count + to]! += shared[v * size + u]!;
    }
    sizes[from]!--;
    sizes[to]!++;
    parts[v] = to;
  };
  const gain = (v: number, to: number): number => bonds[v * count + to]! - bonds[v * count + parts[v]!]!;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let better = false;
    for (let v = 0; v < size; v++) {
      if (v % 64 === 0) {
        await breathe();
        work.signal.throwIfAborted();
      }
      for (let to = 0; to < count; to++) {
        if (to === parts[v] || sizes[parts[v]!]! <= least || sizes[to]! >= most || gain(v, to) <= 0) continue;
        move(v, to);
        better = true;
      }
      for (let u = 0; u < v; u++) {
        const [here, there] = [parts[v]!, parts[u]!];
        if (here === there || gain(v, there) + gain(u, here) <= 2 * shared[v * size + u]!) continue;
        move(v, there);
        move(u, here);
        better = true;
      }
    }
    if (!better) return;
  }
}
