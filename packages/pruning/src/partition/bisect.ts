import type { Rng } from '@espalier/base';
import { coarsen } from './coarsen.js';
import type { OverlapGraph } from './overlaps.js';
import { type Bounds, excess, firstWeight, refineCut } from './refineCut.js';

/** A graph of at most so many vertices is cut directly. */
const COARSEST = 24;
/** Starts there; the best cut goes on. */
const STARTS = 8;
/** Merging that leaves more than this share of the vertices is not worth another level. */
const SHRINKS = 0.9;

/**
 * Cuts a graph in two so that much is shared within the sides: coarsens it level by level, cuts the coarsest graph, and refines the cut on the way
 * back. The first side has `bounds` rows; where merged vertices are too coarse for them the finer levels see to it. 0 or 1 for each vertex.
 */
export function bisect(graph: OverlapGraph, bounds: Bounds, rng: Rng): Uint8Array {
  const total = graph.weights.reduce((sum, weight) => sum + weight, 0);
  const smaller = Math.min(bounds.most, total - bounds.least);
  const coarser = graph.size > COARSEST ? coarsen(graph, Math.max(2, Math.ceil(smaller / 4)), rng) : null;
  if (coarser === null || coarser.graph.size > SHRINKS * graph.size) return bestStart(graph, bounds, rng);
  const coarse = bisect(coarser.graph, bounds, rng);
  const sides = Uint8Array.from(coarser.to, (vertex) => coarse[vertex]!);
  refineCut(graph, sides, bounds);
  return sides;
}

function bestStart(graph: OverlapGraph, bounds: Bounds, rng: Rng): Uint8Array {
  let best: { readonly sides: Uint8Array; readonly excess: number; readonly cut: number } | null = null;
  for (let start = 0; start < STARTS; start++) {
    const sides = grown(graph, bounds, rng);
    refineCut(graph, sides, bounds);
    const own = { sides, excess: excess(firstWeight(graph, sides), bounds), cut: cutOf(graph, sides) };
    if (best === null || own.excess < best.excess || (own.excess === best.excess && own.cut < best.cut)) best = own;
  }
  return best!.sides;
}

/** One side grown from a random vertex: the next is always the one that shares most with it and least with the rest. */
function grown({ size, shared, weights }: OverlapGraph, { least, most }: Bounds, rng: Rng): Uint8Array {
  const sides = new Uint8Array(size).fill(1);
  if (size === 0) return sides;
  const draw = new Float64Array(size);
  for (let v = 0; v < size; v++) for (let u = 0; u < size; u++) if (u !== v) draw[v]! -= shared[v * size + u]!;
  let weight = 0;
  let next = rng.below(size);
  while (next >= 0 && weight < (least + most) / 2) {
    sides[next] = 0;
    weight += weights[next]!;
    const last = next;
    next = -1;
    for (let v = 0; v < size; v++) {
      if (v !== last) draw[v]! += 2 * shared[last * size + v]!;
      if (sides[v] === 1 && weight + weights[v]! <= most && (next < 0 || draw[v]! > draw[next]!)) next = v;
    }
  }
  return sides;
}

function cutOf({ size, shared }: OverlapGraph, sides: Uint8Array): number {
  let cut = 0;
  for (let v = 0; v < size; v++) for (let u = 0; u < v; u++) if (sides[u] !== sides[v]) cut += shared[v * size + u]!;
  return cut;
}
