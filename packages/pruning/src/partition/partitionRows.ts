import { breathe, type Rng, seeded, type Work } from '@espalier/base';
import { type BitRows, columnCounts, rowCounts } from '../structure/bitRows.js';
import { assignRest } from './assignRest.js';
import { bisect } from './bisect.js';
import { shuffled } from './coarsen.js';
import { exchange } from './exchange.js';
import { type OverlapGraph, overlapsOf, subgraph } from './overlaps.js';

/** Up to so many rows every pair is compared; of more, a sample. */
const COMPARED_ROWS = 1024;

export interface PartitionOptions {
  /** At least 1; of fewer rows fewer parts come out. */
  readonly parts: number;
  /** Parts have from ⌊(1 − imbalance)·r⌋ to ⌈(1 + imbalance)·r⌉ rows, r being the mean. 0 to 1. */
  readonly imbalance: number;
  readonly seed: number;
}

/**
 * Divides rows, all that have a weight or some of them, into parts so that rows of a part share columns. Large is Σ over parts and columns of count²,
 * count being the rows of the part that have a weight in the column, less what any two rows share on average: no part is better only by its size.
 * Recursive bisection over several levels of coarseness, then exchange between all parts. Rows ascend in each part; parts are in the order of their
 * first rows. The same rows, options and seed give the same parts on every machine. Aborts fly.
 */
export async function partitionRows(
  all: BitRows,
  { parts, imbalance, seed }: PartitionOptions,
  work: Pick<Work, 'signal'>,
  rows = rowsWithWeights(all),
): Promise<number[][]> {
  const count = Math.min(parts, rows.length);
  if (count <= 1) return rows.length === 0 ? [] : [rows];
  const rng = seeded(seed);
  const labels = new Uint32Array(rows.length).fill(count);
  if (rows.length <= COMPARED_ROWS) labels.set(await partitionCompared(all, rows, count, imbalance, rng, work));
  else {
    const sample = shuffled(rows.length, rng).slice(0, COMPARED_ROWS).sort();
    const sampled = Array.from(sample, (i) => rows[i]!);
    const found = await partitionCompared(all, sampled, count, imbalance, rng, work);
    for (const [i, part] of found.entries()) labels[sample[i]!] = part;
    await assignRest(all, rows, labels, count, limits(rows.length, count, imbalance), rng, work);
  }
  const members = Array.from({ length: count }, (): number[] => []);
  for (const [i, row] of rows.entries()) members[labels[i]!]!.push(row);
  return members.filter(({ length }) => length > 0).sort((a, b) => a[0]! - b[0]!);
}

/** The rows that a partition is about, ascending. */
export function rowsWithWeights(all: BitRows): number[] {
  const weights = rowCounts(all);
  return Array.from(weights.keys()).filter((row) => weights[row]! > 0);
}

/** Σ over parts and columns of count²: what a partition is judged by. */
export function sharedColumns(all: BitRows, parts: readonly (readonly number[])[]): number {
  let sum = 0;
  for (const rows of parts) for (const count of columnCounts(all, rows)) sum += count * count;
  return sum;
}

function limits(rows: number, parts: number, imbalance: number): { readonly least: number; readonly most: number } {
  const mean = rows / parts;
  return {
    least: Math.max(1, Math.floor((1 - imbalance) * mean)),
    most: Math.min(rows, Math.ceil((1 + imbalance) * mean)),
  };
}

/** The part of each of the rows, all pairs of which are compared. */
async function partitionCompared(
  all: BitRows,
  rows: readonly number[],
  parts: number,
  imbalance: number,
  rng: Rng,
  work: Pick<Work, 'signal'>,
): Promise<Uint32Array> {
  const graph = await overlapsOf(all, rows, work);
  const allowed = limits(rows.length, parts, imbalance);
  let best = new Uint32Array(rows.length);
  await divide(graph, Uint32Array.from(best.keys()), 0, parts, allowed, rng, best, work);
  await exchange(graph, best, parts, allowed, work);
  let most = sharedWithin(graph, best);
  for (let left = kicksFor(rows.length); left > 0; left--) {
    const labels = kicked(best, rng);
    await exchange(graph, labels, parts, allowed, work);
    const shared = sharedWithin(graph, labels);
    if (shared > most) [best, most] = [labels, shared];
  }
  return best;
}

/** Some rows change places at random, so that exchange finds a way on from where no pair pays any more. */
function kicked(labels: Uint32Array, rng: Rng): Uint32Array<ArrayBuffer> {
  const chosen = shuffled(labels.length, rng).slice(0, Math.max(3, Math.round(labels.length / 5)));
  const others = shuffled(chosen.length, rng);
  const next = labels.slice();
  for (const [i, row] of chosen.entries()) next[row] = labels[chosen[others[i]!]!]!;
  return next;
}

/** Small graphs can be tried more often. */
const kicksFor = (rows: number): number => Math.min(16, Math.floor(2 ** 20 / rows ** 2));

function sharedWithin({ size, shared }: OverlapGraph, labels: Uint32Array): number {
  let sum = 0;
  for (let a = 0; a < size; a++) for (let b = 0; b < a; b++) if (labels[a] === labels[b]) sum += shared[a * size + b]!;
  return sum;
}

/** Cuts vertices into `count` parts, numbered from `first` on, by cutting them in two again and again. */
async function divide(
  graph: OverlapGraph,
  vertices: Uint32Array,
  first: number,
  count: number,
  allowed: { readonly least: number; readonly most: number },
  rng: Rng,
  labels: Uint32Array,
  work: Pick<Work, 'signal'>,
): Promise<void> {
  if (count === 1) {
    for (const vertex of vertices) labels[vertex] = first;
    return;
  }
  await breathe();
  work.signal.throwIfAborted();
  const left = Math.ceil(count / 2);
  const right = count - left;
  // Whatever the first side gets, the second must be divisible too.
  const bounds = {
    least: Math.max(left * allowed.least, vertices.length - right * allowed.most),
    most: Math.min(left * allowed.most, vertices.length - right * allowed.least),
  };
  const sides = bisect(subgraph(graph, vertices), bounds, rng);
  for (const side of [0, 1]) {
    const own = vertices.filter((_, i) => sides[i] === side);
    const [from, many] = side === 0 ? [first, left] : [first + left, right];
    await divide(graph, own, from, many, allowed, rng, labels, work);
  }
}
