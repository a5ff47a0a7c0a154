import { attempt, breathe, type Fault, fail, invariant, type Result, type Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import { modeOf } from './stats/mode.js';
import type { ElementRange } from './stats/question.js';
import { meaningOf, readFloat32, readPatterns, WINDOW_ELEMENTS, windows } from './stats/windows.js';

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

/** Counts for one question over one range of an entry. Values wider than f32 are rounded to it. Counts of ranges add up. */
export async function answerMagnitudes(
  entry: TensorEntry,
  question: MagnitudeQuestion,
  range: ElementRange,
  work: Work,
): Promise<Float64Array> {
  const counts = new Float64Array(question.prefix === null ? LEADING : TRAILING);
  const add = (bits: number, times: number): void => {
    const magnitude = bits & 0x7fff_ffff;
    if (question.prefix === null) counts[magnitude >>> 15]! += times;
    else if (magnitude >>> 15 === question.prefix) counts[magnitude & 0x7fff]! += times;
  };
  const mode = modeOf(entry);
  if (mode.kind === 'patterns' && entry.data.kind === 'raw') {
    const { data } = entry;
    const values = new Uint32Array(meaningOf(data, mode.width).values.slice().buffer);
    const patterns = new Float64Array(values.length);
    for await (const { data: words } of windows(range, WINDOW_ELEMENTS, mode.width / 8, work, (at, n) =>
      readPatterns(data, mode.width, at, n, work.signal),
    )) {
      for (let i = 0; i < words.length; i++) patterns[words[i]!]!++;
    }
    patterns.forEach((times, pattern) => {
      if (times > 0) add(values[pattern]!, times);
    });
    return counts;
  }
  for await (const { data } of windows(range, WINDOW_ELEMENTS, 4, work, (at, n) =>
    readFloat32(entry, at, n, work.signal),
  )) {
    const words = new Uint32Array(data.values.buffer, data.values.byteOffset, data.values.length);
    for (let i = 0; i < words.length; i++) add(words[i]!, 1);
  }
  return counts;
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
      const total = new Float64Array(selection.question.prefix === null ? LEADING : TRAILING);
      for (const entry of readable) {
        const counts = await answerMagnitudes(entry, selection.question, { begin: 0, end: entry.elements }, work);
        for (let i = 0; i < total.length; i++) total[i]! += counts[i]!;
        await breathe();
      }
      selection.take(total);
    }
    return selection.finish();
  });
}
