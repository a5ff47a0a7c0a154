import { invariant } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { TensorStats } from '../facts.js';
import { hasStructure } from '../structure/structure.js';
import { mergeCounts, mergeFirst } from './accumulator.js';
import { statsOf } from './finish.js';
import { modeOf } from './mode.js';
import { type ResolvedOptions, resolveOptions, type StatsOptions } from './options.js';
import { type OrderFacts, reportedRanks } from './order.js';
import { orderOfPatterns, orderOfValues } from './orderOfValues.js';
import type { ElementRange, FirstAnswer, RefineAnswer, RefineQuestion, ScanAnswer, ScanQuestion } from './question.js';
import { sampleRanges } from './sample.js';
import { advanceTargets, DOUBLE, prefixesOf, SINGLE, startTargets, type Target, valueOfTarget } from './selection.js';
import { meaningOf } from './windows.js';

/**
 * A scan of one tensor as a dialogue: `question` is to be answered over all `ranges(parts)` (in any order, by any worker, with
 * `answerQuestion`), the answers go to `take`, and so on until `question` is null; then `finish`. Holds a few megabytes at most.
 */
export interface TensorScan {
  readonly question: ScanQuestion | null;
  /** At most `parts` lists of ranges that together cover what is to be read for the present question. */
  ranges(parts: number): ElementRange[][];
  take(answers: readonly ScanAnswer[]): void;
  finish(): TensorStats;
}

/** Tensors of at most this many elements keep their values, and need no second read. */
export const SMALL_ELEMENTS = 4096;

/** Parts begin at multiples of this many rows of the first axis, for N:M groups and 16×16 blocks … */
const UNIT_ROWS = 16;
/** … and of this many elements, for the digest. */
const UNIT_ELEMENTS = 1024;

/** Begins a scan. The entry must have values (`data.kind` is not `none`). */
export function beginScan(entry: TensorEntry, head: TensorHead, options?: StatsOptions): TensorScan {
  invariant(entry.data.kind !== 'none', `${entry.name} has no values`);
  return new Scan(entry, head, resolveOptions(options));
}

class Scan implements TensorScan {
  question: ScanQuestion | null;
  private first: FirstAnswer | null = null;
  private targets: readonly Target[] = [];
  private histogram: Float64Array | null = null;
  private squaredDeviations = 0;
  private nearZeros = 0;
  private readonly sample: readonly ElementRange[] | null;

  constructor(
    private readonly entry: TensorEntry,
    private readonly head: TensorHead,
    private readonly options: ResolvedOptions,
  ) {
    this.sample = sampleRanges(entry, options.sample);
    this.question = {
      kind: 'first',
      mode: modeOf(entry),
      structure: options.structure && hasStructure(head) && this.sample === null,
      digest: options.digest && this.sample === null,
      keep: entry.elements <= SMALL_ELEMENTS && this.sample === null,
    };
  }

  ranges(parts: number): ElementRange[][] {
    const { question } = this;
    invariant(question !== null, 'nothing is asked');
    if (this.sample !== null) return dealOut(this.sample, parts);
    const end = this.entry.elements;
    if (question.kind === 'first' && question.keep) return [[{ begin: 0, end }]];
    return split(end, question.kind === 'first' && question.structure ? unitOf(this.head) : UNIT_ELEMENTS, parts);
  }

  take(answers: readonly ScanAnswer[]): void {
    const { question } = this;
    invariant(question !== null, 'nothing is asked');
    if (question.kind === 'first') {
      this.first = mergeFirst(answers as readonly FirstAnswer[]);
      this.question = this.second(question.mode);
    } else {
      this.question = this.further(question, answers as readonly RefineAnswer[]);
    }
  }

  finish(): TensorStats {
    invariant(this.first !== null && this.question === null, 'the scan is not complete');
    return statsOf(this.entry, this.head, this.first, this.order(), this.options, this.sample);
  }

  /** The second read, where the leading bits leave something open. */
  private second(mode: ScanQuestion['mode']): RefineQuestion | null {
    const { counts, zeros, min, max } = this.first!;
    if (counts === null || mode.kind === 'patterns' || this.finite === 0) return null;
    const ranks = reportedRanks(this.finite, zeros);
    this.targets = startTargets(
      counts,
      [
        ...ranks.signed.map((rank) => ({ order: 'signed' as const, rank })),
        ...ranks.magnitude.map((rank) => ({ order: 'magnitude' as const, rank })),
      ],
      mode.kind === 'float64' ? DOUBLE : SINGLE,
    );
    return {
      kind: 'refine',
      mode,
      knownBits: 16,
      prefixes: prefixesOf(this.targets, 16),
      histogram: { low: min, high: max },
      deviationsFrom: this.mean,
      nearLimit: this.nearLimit,
    };
  }

  private further(question: RefineQuestion, answers: readonly RefineAnswer[]): RefineQuestion | null {
    const next = question.prefixes.map((_, slot) => mergeCounts(answers.map((answer) => answer.next[slot]!))!);
    this.targets = advanceTargets(this.targets, question.prefixes, next, question.knownBits);
    if (question.histogram !== null) {
      this.histogram = mergeCounts(answers.map((answer) => answer.histogram));
      this.squaredDeviations = answers.reduce((sum, answer) => sum + answer.squaredDeviations, 0);
      this.nearZeros = answers.reduce((sum, answer) => sum + answer.nearZeros, 0);
    }
    const knownBits = question.knownBits + 16;
    if (knownBits === (question.mode.kind === 'float64' ? 64 : 32)) return null;
    return {
      ...question,
      knownBits,
      prefixes: prefixesOf(this.targets, knownBits),
      histogram: null,
      deviationsFrom: null,
      nearLimit: null,
    };
  }

  private order(): OrderFacts {
    const first = this.first!;
    if (first.values !== null) return orderOfValues(first.values, first.zeros, this.mean, this.nearLimit);
    if (this.histogram === null) {
      const { data } = this.entry;
      const mode = modeOf(this.entry);
      invariant(first.counts !== null, 'patterns were counted');
      if (mode.kind !== 'patterns' || data.kind !== 'raw') return orderOfValues(new Float64Array(0), 0, 0, 0);
      return orderOfPatterns(first.counts, meaningOf(data, mode.width).values, first.zeros, this.mean, this.nearLimit);
    }
    const quantiles = this.targets.filter(({ order }) => order === 'signed').map(valueOfTarget);
    const [absmin, absMedian, abs99] = this.targets.filter(({ order }) => order === 'magnitude').map(valueOfTarget);
    return {
      quantiles,
      absmin: absmin ?? null,
      absMedian: absMedian ?? null,
      abs99: abs99 ?? null,
      nearZeros: this.nearZeros,
      histogram: { low: first.min + 0, high: first.max + 0, counts: [...this.histogram] },
      squaredDeviations: this.squaredDeviations,
    };
  }

  private get finite(): number {
    return this.first!.elements - this.first!.nan - this.first!.inf;
  }

  private get mean(): number {
    return this.finite === 0 ? 0 : this.first!.sum / this.finite;
  }

  private get nearLimit(): number {
    const { min, max } = this.first!;
    return this.finite === 0 ? 0 : this.options.nearZeroRatio * Math.max(Math.abs(min), Math.abs(max));
  }
}

/** Elements of the smallest run of rows at which a scan with structure may be cut. */
export function unitOf(head: TensorHead): number {
  const row = head.elements / head.shape[0]!;
  return leastCommonMultiple(UNIT_ROWS * row, UNIT_ELEMENTS);
}

function split(elements: number, unit: number, parts: number): ElementRange[][] {
  const units = Math.ceil(elements / unit);
  const count = Math.max(1, Math.min(parts, units));
  const cut = (part: number): number => Math.min(elements, Math.floor((units * part) / count) * unit);
  return Array.from({ length: count }, (_, part) => [{ begin: cut(part), end: cut(part + 1) }]);
}

function dealOut(ranges: readonly ElementRange[], parts: number): ElementRange[][] {
  const count = Math.max(1, Math.min(parts, ranges.length));
  return Array.from({ length: count }, (_, part) =>
    ranges.slice(Math.floor((ranges.length * part) / count), Math.floor((ranges.length * (part + 1)) / count)),
  );
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
