import type { Rng } from '@espalier/base';
import { merged, type OverlapGraph } from './overlaps.js';

export interface Coarser {
  readonly graph: OverlapGraph;
  /** The vertex of the coarser graph that each vertex went into. */
  readonly to: Uint32Array;
}

/**
 * Merges the most similar vertices two by two: in a random order each takes the free one with the largest Jaccard index of their columns (Tanimoto's
 * form of it, which also holds for merged vertices). No vertex becomes heavier than `heaviest` rows. (Matching by heavy edges: Karypis and Kumar, "A Fast
 * and High Quality Multilevel Scheme for Partitioning Irregular Graphs", 1998, §3.1.)
 */
export function coarsen(graph: OverlapGraph, heaviest: number, rng: Rng): Coarser {
  const { size, shared, weights } = graph;
  const free = new Uint8Array(size).fill(1);
  const to = new Uint32Array(size);
  let count = 0;
  for (const vertex of shuffled(size, rng)) {
    if (free[vertex] === 0) continue;
    free[vertex] = 0;
    let mate = -1;
    let best = 0;
    for (let other = 0; other < size; other++) {
      if (free[other] === 0 || weights[vertex]! + weights[other]! > heaviest) continue;
      const both = shared[vertex * size + other]!;
      const either = shared[vertex * size + vertex]! + shared[other * size + other]! - both;
      const similarity = both / either;
      if (similarity > best) {
        best = similarity;
        mate = other;
      }
    }
    to[vertex] = count;
    if (mate >= 0) {
      free[mate] = 0;
      to[mate] = count;
    }
    count++;
  }
  return { graph: merged(graph, to, count), to };
}

/** Numbers below `size` in a random order. (Fisher and Yates.) */
export function shuffled(size: number, rng: Rng): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const other = rng.below(i + 1);
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  return order;
}
