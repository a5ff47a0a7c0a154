import { answerMagnitudes, beginSelection, type MagnitudeQuestion } from '@espalier/analysis';
import { type Fault, fail, ok, type Result, type Work } from '@espalier/base';
import type { PrunableLayer } from '../layer.js';
import type { Mask } from '../mask.js';
import { roundHalfEven } from '../roundHalfEven.js';

/** Counts of few values among many: positions that are not 0, and how many are there. */
interface SparseCounts {
  readonly at: Uint32Array;
  readonly times: Float64Array;
}

/**
 * Exactly round-half-even(sparsity × weights) of all layers together go, those with the smallest |w|; of equal ones the first in file order, then
 * in C order. Two reads of the values, no sort, no copy. Values wider than f32 are compared as f32. NaN never goes. Faults: of the sources, and
 * `prune/too-many-nan`.
 */
export async function magnitudeMasks(
  layers: readonly PrunableLayer[],
  sparsity: number,
  work: Work,
): Promise<Result<Map<string, Mask>, Fault>> {
  const elements = layers.reduce((sum, { entry }) => sum + entry.elements, 0);
  const k = roundHalfEven(sparsity * elements);
  if (k === 0) return ok(new Map(layers.map((layer) => [layer.head.name, keepAll(layer)])));
  const selection = beginSelection(elements, k, 'smallest');
  const counts: SparseCounts[][] = [];
  const questions: MagnitudeQuestion[] = [];
  while (selection.question !== null) {
    const { question } = selection;
    const round: SparseCounts[] = [];
    let totals: Float64Array | null = null;
    for (const [done, { entry }] of layers.entries()) {
      work.signal.throwIfAborted();
      work.progress({ done: questions.length * layers.length + done, total: 2 * layers.length, label: entry.name });
      const own = await answerMagnitudes(entry, question, { begin: 0, end: entry.elements }, work);
      round.push(compress(own));
      if (totals === null) totals = own;
      else for (let i = 0; i < own.length; i++) totals[i]! += own[i]!;
    }
    counts.push(round);
    questions.push(question);
    selection.take(totals!);
  }
  const found = selection.finish();
  if (Number.isNaN(found.magnitude)) {
    return fail({
      code: 'prune/too-many-nan',
      message: `${found.nan} weights are NaN and never pruned: fewer than ${k} others are left.`,
      expected: k,
      found: elements - found.nan,
    });
  }
  const prefix = questions[1]!.prefix!;
  const trailing = trailingOf(found.magnitude);
  let ties = k - found.smaller;
  const masks = new Map<string, Mask>();
  for (const [i, { head, entry }] of layers.entries()) {
    const [leading, within] = [counts[0]![i]!, counts[1]![i]!];
    const below = sumBelow(leading, prefix) + sumBelow(within, trailing);
    const own = Math.min(ties, countAt(within, trailing));
    ties -= own;
    masks.set(head.name, {
      kind: 'threshold',
      elements: entry.elements,
      kept: entry.elements - below - own,
      magnitude: found.magnitude,
      ties: own,
    });
  }
  return ok(masks);
}

const keepAll = ({ entry: { elements } }: PrunableLayer): Mask => ({
  kind: 'threshold',
  elements,
  kept: elements,
  magnitude: 0,
  ties: 0,
});

function compress(counts: Float64Array): SparseCounts {
  let filled = 0;
  for (const count of counts) if (count !== 0) filled++;
  const at = new Uint32Array(filled);
  const times = new Float64Array(filled);
  let to = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    at[to] = i;
    times[to++] = counts[i]!;
  }
  return { at, times };
}

function sumBelow({ at, times }: SparseCounts, limit: number): number {
  let sum = 0;
  for (let i = 0; i < at.length && at[i]! < limit; i++) sum += times[i]!;
  return sum;
}

function countAt({ at, times }: SparseCounts, place: number): number {
  const found = at.indexOf(place);
  return found < 0 ? 0 : times[found]!;
}

const single = new Float32Array(1);
const word = new Uint32Array(single.buffer);

/** The 15 trailing bits of a magnitude, as the second read counts them. */
function trailingOf(magnitude: number): number {
  single[0] = magnitude;
  return word[0]! & 0x7fff;
}
