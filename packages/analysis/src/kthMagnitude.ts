import { attempt, breathe, type Fault, fail, invariant, type Result, type Work } from '@espalier/base';
import type { RawData, TensorEntry } from '@espalier/checkpoint';
import { BYTE_COUNTERS, counterLength, foldCounts, kernels } from '@espalier/kernels';
import { cleared, FOLD_ELEMENTS, SPARSE, wordsOf } from './stats/float32.js';
import { meaningOf } from './stats/meaning.js';
import { modeOf } from './stats/mode.js';
import type { ElementRange } from './stats/question.js';
import { BLOCK_ELEMENTS, TensorReader } from './stats/reader.js';

/** A threshold among magnitudes. */
export interface KthMagnitude {
  /** |w|, exactly as an f32; NaN sorts above everything. */
  readonly magnitude: number;
  /** How many magnitudes are larger, equal and smaller. NaN counts among the larger ones. */
  readonly larger: number;
  readonly equal: number;
  readonly smaller: number;
  readonly nan: number;
}

/**
 * One read for the selection, as plain data. |w| orders like its bits without the sign: the first read counts the 16 leading of those 31
 * bits, the second the 15 trailing ones of the values that begin with `prefix`.
 */
export interface MagnitudeQuestion {
  readonly prefix: number | null;
}

const LEADING = 65_536;
const TRAILING = 32_768;
const MAGNITUDE = 0x7fff_ffff;
const NO_WORDS = new Uint32Array(0);

/** A selection as a dialogue: ask the question of every range of every entry, add up the counts, `take` them, and so on until null. */
export interface MagnitudeSelection {
  readonly question: MagnitudeQuestion | null;
  take(counts: Float64Array): void;
  finish(): KthMagnitude;
}

/** `k` counts from 1; `largest` from the top, `smallest` from the bottom. */
export function beginSelection(
  elements: number,
  k: number,
  from: 'largest' | 'smallest' = 'largest',
): MagnitudeSelection {
  invariant(Number.isInteger(k) && k >= 1 && k <= elements, `k is ${k}, there are ${elements} values`);
  const rank = from === 'largest' ? elements - k : k - 1;
  let question: MagnitudeQuestion | null = { prefix: null };
  let below = 0;
  let nan = 0;
  let found: KthMagnitude | null = null;
  const locate = (counts: Float64Array): number => {
    let at = 0;
    while (below + counts[at]! <= rank) below += counts[at++]!;
    return at;
  };
  return {
    get question() {
      return question;
    },
    take(counts) {
      if (question?.prefix === null) {
        // Leading bits 0xff00 hold Inf and the NaNs that begin like it; all above are NaN.
        for (let bits = 0xff01; bits < LEADING; bits++) nan += counts[bits]!;
        question = { prefix: locate(counts) };
        return;
      }
      const prefix = question!.prefix!;
      const trailing = locate(counts);
      const equal = counts[trailing]!;
      word[0] = prefix * TRAILING + trailing;
      if (prefix === 0xff00) for (let bits = 1; bits < TRAILING; bits++) nan += counts[bits]!;
      found = { magnitude: single[0]!, larger: elements - below - equal, equal, smaller: below, nan };
      question = null;
    },
    finish() {
      invariant(found !== null, 'the selection is not complete');
      return found;
    },
  };
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** A selection keeps little in memory, whatever the number of threads. */
const WINDOW_BYTES = 1 << 20;

/** Counters for the answers to a question. */
export const emptyCounts = ({ prefix }: MagnitudeQuestion): Float64Array =>
  new Float64Array(prefix === null ? LEADING : TRAILING);

/**
 * Counts for one question over one range of an entry, added to `totals` where there are some from other ranges. Values wider than f32 are
 * rounded to it.
 */
export async function answerMagnitudes(
  entry: TensorEntry,
  question: MagnitudeQuestion,
  range: ElementRange,
  work: Work,
  totals: Float64Array = emptyCounts(question),
): Promise<Float64Array> {
  const mode = modeOf(entry);
  const reader = new TensorReader(entry, mode.kind === 'float64' ? { kind: 'float32' } : mode, WINDOW_BYTES);
  try {
    if (mode.kind === 'patterns' && entry.data.kind === 'raw') {
      await countPatterns(reader, entry.data, mode.width, question, range, work, totals);
    } else await countSingles(reader, question, range, work, totals);
    return totals;
  } finally {
    reader.release();
  }
}

async function countSingles(
  reader: TensorReader,
  { prefix }: MagnitudeQuestion,
  range: ElementRange,
  work: Work,
  totals: Float64Array,
): Promise<void> {
  const k = kernels();
  const region = k.take(4 * counterLength(LEADING));
  const slotRegion = k.take(2 * LEADING);
  const counts = cleared(region, prefix === null ? counterLength(LEADING) : TRAILING);
  const slots = new Int16Array(slotRegion.buffer, slotRegion.byteOffset, LEADING).fill(-1);
  if (prefix !== null) slots[prefix] = 0;
  const plan = { shift: 15, mask: MAGNITUDE, slots, digitBits: 15, second: null, borders: 1, thresholds: NO_WORDS };
  let elements = 0;
  const fold = (): void => {
    if (prefix === null) foldCounts(counts, totals);
    else for (let i = 0; i < TRAILING; i++) totals[i]! += counts[i]!;
    counts.fill(0);
    elements = 0;
  };
  try {
    for await (const { data } of reader.windows([range], work, reader.float32)) {
      for (let at = 0; at < data.values.length; at += BLOCK_ELEMENTS) {
        const x = data.values.subarray(at, at + BLOCK_ELEMENTS);
        if (prefix === null) k.countLeading(wordsOf(x), 15, MAGNITUDE, counts, isSparse(x));
        else k.countTrailing(wordsOf(x), plan, counts, NO_WORDS);
      }
      elements += data.values.length;
      if (elements >= FOLD_ELEMENTS) fold();
    }
    fold();
  } finally {
    region.release();
    slotRegion.release();
  }
}

/** Looks at a few values: whether it pays to count zeros apart. */
function isSparse(x: Float32Array): boolean {
  let zeros = 0;
  const step = Math.max(1, Math.floor(x.length / 64));
  for (let i = 0; i < x.length; i += step) if (x[i] === 0) zeros++;
  return zeros * step > SPARSE * x.length;
}

async function countPatterns(
  reader: TensorReader,
  data: RawData,
  width: 16 | 8 | 4,
  { prefix }: MagnitudeQuestion,
  range: ElementRange,
  work: Work,
  totals: Float64Array,
): Promise<void> {
  const k = kernels();
  const counters = width === 16 ? counterLength(LEADING) : BYTE_COUNTERS;
  const region = k.take(4 * counters);
  const counts = cleared(region, counters);
  const patterns = new Float64Array(2 ** width);
  let elements = 0;
  try {
    for await (const { data: x } of reader.windows([range], work, reader.patterns)) {
      if (x instanceof Uint16Array) k.countPatterns16(x, counts, false);
      else k.countPatterns8(x, counts);
      elements += x.length;
      if (elements < FOLD_ELEMENTS) continue;
      foldCounts(counts, patterns);
      elements = 0;
    }
    foldCounts(counts, patterns);
  } finally {
    region.release();
  }
  const values = new Uint32Array(meaningOf(data, width).values.slice().buffer);
  patterns.forEach((times, pattern) => {
    const magnitude = values[pattern]! & MAGNITUDE;
    if (prefix === null) totals[magnitude >>> 15]! += times;
    else if (magnitude >>> 15 === prefix) totals[magnitude & 0x7fff]! += times;
  });
}

/** The exact k-th magnitude over all values of some tensors together, in two reads and without a sort or a copy. Faults of the sources. */
export async function kthMagnitude(
  entries: readonly TensorEntry[],
  k: number,
  work: Work,
  from: 'largest' | 'smallest' = 'largest',
): Promise<Result<KthMagnitude, Fault>> {
  const readable = entries.filter((entry) => entry.data.kind !== 'none');
  const elements = readable.reduce((sum, entry) => sum + entry.elements, 0);
  if (!(Number.isInteger(k) && k >= 1 && k <= elements)) {
    return fail({
      code: 'tensor/rank',
      message: `There is no magnitude number ${k} among ${elements} values.`,
      expected: elements,
      found: k,
    });
  }
  return attempt(async () => {
    const selection = beginSelection(elements, k, from);
    while (selection.question !== null) {
      const total = emptyCounts(selection.question);
      for (const entry of readable) {
        await answerMagnitudes(entry, selection.question, { begin: 0, end: entry.elements }, work, total);
        await breathe();
      }
      selection.take(total);
    }
    return selection.finish();
  });
}
