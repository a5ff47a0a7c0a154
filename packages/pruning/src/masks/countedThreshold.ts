import { answerMagnitudes, beginSelection, type MagnitudeQuestion } from '@espalier/analysis';
import { raise, type Work } from '@espalier/base';
import type { PrunableLayer } from '../layer.js';
import { wordOf } from '../mask.js';
import type { Threshold } from './threshold.js';

/**
 * The `k`-th smallest magnitude of all layers together, whatever the weights are, in two reads: by their leading bits, then by the others. Raises
 * `prune/too-many-nan`.
 */
export async function thresholdByCounting(layers: readonly PrunableLayer[], k: number, work: Work): Promise<Threshold> {
  const elements = layers.reduce((sum, { entry }) => sum + entry.elements, 0);
  const selection = beginSelection(elements, k, 'smallest');
  const leading = await askAll(layers, selection.question!, work, (all) => selection.take(all));
  const prefix = selection.question!.prefix!;
  const below = leading.map((counts) => sumBelow(counts, prefix));
  const nan = await countNan(layers, leading, work);
  leading.length = 0;
  const trailing = await askAll(layers, selection.question!, work, (all) => selection.take(all));
  const { magnitude } = selection.finish();
  if (Number.isNaN(magnitude)) {
    const others = elements - nan.reduce((sum, count) => sum + count, 0);
    raise({
      code: 'prune/too-many-nan',
      message: `${elements - others} of ${elements} weights are NaN and never pruned: ${others} others are left, ${k} were to go.`,
      expected: k,
      found: others,
    });
  }
  const word = wordOf(magnitude);
  const digits = word & 0x7fff;
  return {
    word,
    layers: trailing.map((counts, i) => ({
      below: below[i]! + sumBelow(counts, digits),
      equal: countAt(counts, digits),
      nan: nan[i]!,
    })),
  };
}

/** The answers of all layers to a question; their sum goes to `take`. */
async function askAll(
  layers: readonly PrunableLayer[],
  question: MagnitudeQuestion,
  work: Work,
  take: (all: Float64Array) => void,
): Promise<Counts[]> {
  const answers: Counts[] = [];
  let all: Float64Array | null = null;
  const first = question.prefix === null ? 0 : layers.length;
  for (const [done, { entry }] of layers.entries()) {
    work.signal.throwIfAborted();
    work.progress({ done: first + done, total: 2 * layers.length, label: entry.name });
    const own = await answerMagnitudes(entry, question, { begin: 0, end: entry.elements }, work);
    answers.push(compress(own));
    if (all === null) all = own;
    else for (let i = 0; i < own.length; i++) all[i]! += own[i]!;
  }
  take(all!);
  return answers;
}

/** Leading bits of infinities, and of the NaNs whose payload begins with zeros; all above are NaN. */
const INFINITE = 0xff00;

async function countNan(layers: readonly PrunableLayer[], leading: readonly Counts[], work: Work): Promise<number[]> {
  const nan: number[] = [];
  for (const [i, counts] of leading.entries()) {
    const { entry } = layers[i]!;
    let found = sumBelow(counts, 0x10000) - sumBelow(counts, INFINITE + 1);
    if (countAt(counts, INFINITE) > 0) {
      const question = { prefix: INFINITE };
      const trailing = await answerMagnitudes(entry, question, { begin: 0, end: entry.elements }, work);
      for (let digits = 1; digits < trailing.length; digits++) found += trailing[digits]!;
    }
    nan.push(found);
  }
  return nan;
}

/** Few values among many: places that were counted, ascending, and how often. */
interface Counts {
  readonly at: Uint16Array;
  readonly times: Float64Array;
}

function compress(counts: Float64Array): Counts {
  let filled = 0;
  for (let i = 0; i < counts.length; i++) if (counts[i] !== 0) filled++;
  const at = new Uint16Array(filled);
  const times = new Float64Array(filled);
  for (let i = 0, to = 0; to < filled; i++) {
    if (counts[i] === 0) continue;
    at[to] = i;
    times[to++] = counts[i]!;
  }
  return { at, times };
}

function sumBelow({ at, times }: Counts, limit: number): number {
  let sum = 0;
  for (let i = 0; i < at.length && at[i]! < limit; i++) sum += times[i]!;
  return sum;
}

function countAt({ at, times }: Counts, place: number): number {
  const found = at.indexOf(place);
  return found < 0 ? 0 : times[found]!;
}
