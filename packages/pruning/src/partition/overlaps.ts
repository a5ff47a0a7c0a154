import { breathe, type Work } from '@espalier/base';
import { type BitRows, columnCounts, onesOf } from '../structure/bitRows.js';

/**
 * Vertices with weights between all of them: rows, or rows merged into one vertex, and the columns that they share. It is the hypergraph of rows and
 * columns in another form: Σ over parts and columns of count² is the sum over all pairs of rows in the same part.
 */
export interface OverlapGraph {
  readonly size: number;
  /**
   * `shared[a * size + b]`: columns that the rows of a and those of b have in common, pair by pair, less what two rows share on average:
   * otherwise large parts would draw every row. On the diagonal the vertex with itself.
   */
  readonly shared: Float64Array;
  /** Rows of each vertex. */
  readonly weights: Uint32Array;
}

/** Pairs of rows between two looks at the signal. */
const PAIRS_AT_ONCE = 1 << 15;

/**
 * Columns that two different rows share on average. Taken off each pair it does not change which of two divisions into parts of the same sizes is better.
 * (As the null model of modularity: Newman and Girvan, "Finding and Evaluating Community Structure in Networks", 2004.)
 */
export function meanShared(all: BitRows, rows: readonly number[]): number {
  let sum = 0;
  for (const count of columnCounts(all, rows)) sum += count * (count - 1);
  return rows.length < 2 ? 0 : exact(sum / (rows.length * (rows.length - 1)));
}

/** What each two of the given rows share, less the mean: of all their pairs, or of those of more rows. */
export async function overlapsOf(
  all: BitRows,
  rows: readonly number[],
  work: Pick<Work, 'signal'>,
  mean = meanShared(all, rows),
): Promise<OverlapGraph> {
  const { words, bits } = all;
  const size = rows.length;
  const shared = new Float64Array(size * size);
  let pairs = 0;
  for (let a = 0; a < size; a++) {
    pairs += a;
    if (pairs > PAIRS_AT_ONCE) {
      pairs = 0;
      await breathe();
      work.signal.throwIfAborted();
    }
    const own = bits.subarray(rows[a]! * words, (rows[a]! + 1) * words);
    for (let word = 0; word < words; word++) shared[a * size + a]! += onesOf(own[word]!);
    for (let b = 0; b < a; b++) {
      const start = rows[b]! * words;
      let sum = 0;
      for (let word = 0; word < words; word++) sum += onesOf(own[word]! & bits[start + word]!);
      shared[a * size + b] = sum - mean;
      shared[b * size + a] = sum - mean;
    }
  }
  return { size, shared, weights: new Uint32Array(size).fill(1) };
}

/** Multiples of 2⁻¹⁰, so that sums are exact in whatever order and equal things are equal. */
const exact = (value: number): number => Math.round(value * 1024) / 1024;

/** The graph of some of its vertices. */
export function subgraph(graph: OverlapGraph, vertices: ArrayLike<number>): OverlapGraph {
  const size = vertices.length;
  const shared = new Float64Array(size * size);
  const weights = new Uint32Array(size);
  for (let a = 0; a < size; a++) {
    const from = vertices[a]! * graph.size;
    weights[a] = graph.weights[vertices[a]!]!;
    for (let b = 0; b < size; b++) shared[a * size + b] = graph.shared[from + vertices[b]!]!;
  }
  return { size, shared, weights };
}

/** Vertices merged as `to` says: vertex v becomes part of vertex `to[v]` of `size`. */
export function merged(graph: OverlapGraph, to: Uint32Array, size: number): OverlapGraph {
  const shared = new Float64Array(size * size);
  const weights = new Uint32Array(size);
  for (let a = 0; a < graph.size; a++) {
    weights[to[a]!]! += graph.weights[a]!;
    const row = to[a]! * size;
    for (let b = 0; b < graph.size; b++) shared[row + to[b]!]! += graph.shared[a * graph.size + b]!;
  }
  return { size, shared, weights };
}
