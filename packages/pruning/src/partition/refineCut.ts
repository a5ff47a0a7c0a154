import type { OverlapGraph } from './overlaps.js';

/** How many rows the first side of a cut may have. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** Passes end sooner, once one brings nothing. */
const MOST_PASSES = 10;

/**
 * Improves a cut in place: moves of single vertices, each the best that is left, also where it makes the cut worse for a while; of each pass the best
 * moment is kept. A cut outside of the bounds is brought towards them. `sides` is 0 or 1 for each vertex. (Fiduccia and Mattheyses, "A Linear-Time
 * Heuristic for Improving Network Partitions", 1982; gains are kept for all pairs, since the graph is dense.)
 */
export function refineCut(graph: OverlapGraph, sides: Uint8Array, bounds: Bounds): void {
  for (let pass = 0; pass < MOST_PASSES; pass++) if (!improve(graph, sides, bounds)) return;
}

/** How far a first side of so many rows is from what is allowed. */
export const excess = (weight: number, { least, most }: Bounds): number =>
  weight < least ? least - weight : weight > most ? weight - most : 0;

export function firstWeight({ size, weights }: OverlapGraph, sides: Uint8Array): number {
  let sum = 0;
  for (let v = 0; v < size; v++) if (sides[v] === 0) sum += weights[v]!;
  return sum;
}

/** What the cut loses by a move of each vertex: what it shares with the other side less what it shares with its own. */
function gainsOf({ size, shared }: OverlapGraph, sides: Uint8Array): Float64Array {
  const gains = new Float64Array(size);
  for (let v = 0; v < size; v++) {
    let gain = 0;
    for (let u = 0; u < size; u++) {
      if (u !== v) gain += sides[u] === sides[v] ? -shared[v * size + u]! : shared[v * size + u]!;
    }
    gains[v] = gain;
  }
  return gains;
}

function improve(graph: OverlapGraph, sides: Uint8Array, bounds: Bounds): boolean {
  const { size, shared, weights } = graph;
  const gains = gainsOf(graph, sides);
  const locked = new Uint8Array(size);
  // On the way a side may be too large by one vertex: otherwise two could never change places.
  const slack = weights.reduce((most, weight) => Math.max(most, weight), 0);
  let weight = firstWeight(graph, sides);
  const startExcess = excess(weight, bounds);
  let bestExcess = startExcess;
  let bestGain = 0;
  let bestMoves = 0;
  let gain = 0;
  const moves: number[] = [];
  for (;;) {
    let next = -1;
    for (let v = 0; v < size; v++) {
      if (locked[v] === 1 || (next >= 0 && gains[v]! <= gains[next]!)) continue;
      const then = weight + (sides[v] === 0 ? -weights[v]! : weights[v]!);
      const allowed = excess(then, bounds) <= slack || excess(then, bounds) < excess(weight, bounds);
      if (allowed) next = v;
    }
    if (next < 0) break;
    gain += gains[next]!;
    weight += sides[next] === 0 ? -weights[next]! : weights[next]!;
    sides[next]! ^= 1;
    locked[next] = 1;
    moves.push(next);
    for (let u = 0; u < size; u++) {
      if (u !== next) gains[u]! += (sides[u] === sides[next] ? -2 : 2) * shared[next * size + u]!;
    }
    const now = excess(weight, bounds);
    if (now < bestExcess || (now === bestExcess && gain > bestGain)) {
      bestExcess = now;
      bestGain = gain;
      bestMoves = moves.length;
    }
  }
  for (const vertex of moves.slice(bestMoves)) sides[vertex]! ^= 1;
  return bestExcess < startExcess || bestGain > 0;
}
