import { invariant } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import { histogramBin } from '@espalier/kernels';
import { type BinnedPrefixes, binPrefixes } from './borders.js';
import { meaningOf } from './meaning.js';
import type { ScanMode } from './mode.js';
import { type OrderFacts, reportedRanks, scaleOf } from './order.js';
import { orderOfPatterns, orderOfValues } from './orderOfValues.js';
import type { FirstAnswer, FirstQuestion, RefineAnswer, RefineQuestion } from './question.js';
import { WINDOW_BYTES } from './reader.js';
import { advanceTargets, prefixesOf, startTargets, type Target, valueOfTarget } from './selection.js';

/** Tensors of one window are read from memory: several quick looks with small tables beat one with large ones. */
export const RESIDENT_ELEMENTS = WINDOW_BYTES / 4;

/**
 * What needs more than one look at the values: quantiles, the histogram, the numerically dead weights. Asks as often as necessary, which is
 * never for small tensors and for types whose patterns were counted.
 */
export class OrderScan {
  question: RefineQuestion | null = null;
  private targets: readonly Target[] = [];
  private histogram: Float64Array | null = null;
  /** The histogram as far as leading bits tell; null where every value is looked at. */
  private binned: BinnedPrefixes | null = null;
  private squaredDeviations: number;
  private nearZeros: number | null = null;
  private readonly finite: number;
  private readonly mean: number;
  private readonly nearLimit: number;
  private readonly scale: number;

  /** How many leading bits the first read tells apart: as many as their counters are worth. */
  static leadingBits(mode: ScanMode, elements: number): number {
    if (mode.kind === 'float64') return 16;
    if (elements <= 2 ** 16) return 12;
    if (elements <= RESIDENT_ELEMENTS) return 16;
    if (elements < 2 ** 23) return 18;
    return elements < 2 ** 27 ? 19 : 20;
  }

  constructor(
    private readonly entry: TensorEntry,
    private readonly asked: FirstQuestion,
    private readonly first: FirstAnswer,
    nearZeroRatio: number,
  ) {
    const { elements, nan, inf, sum, sumSquares, min, max } = first;
    this.finite = elements - nan - inf;
    this.mean = this.finite === 0 ? 0 : sum / this.finite;
    this.nearLimit = this.finite === 0 ? 0 : nearZeroRatio * Math.max(Math.abs(min), Math.abs(max));
    this.scale = this.finite === 0 ? 1 : scaleOf(Math.max(Math.abs(min), Math.abs(max)));
    this.squaredDeviations = Math.max(0, sumSquares - this.finite * this.mean * this.mean);
    if (this.finite > 0 && typeof asked.order === 'object' && asked.order !== null) this.begin(asked.order.leadingBits);
  }

  take(answer: RefineAnswer): void {
    const { question } = this;
    invariant(question !== null, 'nothing is asked');
    this.targets = advanceTargets(this.targets, question.prefixes, answer.next, question.knownBits);
    if (question.histogram !== null) this.histogram = answer.histogram;
    if (question.knownBits === question.slotBits && this.binned !== null) {
      this.histogram = this.withBorders(this.binned, question, answer);
    }
    if (question.deviationsFrom !== null) this.squaredDeviations = answer.squaredDeviations;
    if (question.nearLimit !== null) this.nearZeros = answer.nearZeros;
    const knownBits = question.knownBits + question.nextBits;
    this.question =
      knownBits === this.bits
        ? null
        : {
            ...question,
            knownBits,
            nextBits: this.asked.mode.kind === 'float64' ? 16 : this.bits - knownBits,
            prefixes: prefixesOf(this.targets, knownBits),
            histogram: null,
            borders: null,
            deviationsFrom: null,
            nearLimit: null,
          };
  }

  facts(): OrderFacts {
    const { first, mean, nearLimit } = this;
    if (first.values !== null) return orderOfValues(first.values, first.zeros, mean, nearLimit);
    if (this.asked.mode.kind === 'patterns') {
      const { data } = this.entry;
      invariant(first.counts !== null && data.kind === 'raw', 'patterns were counted');
      return orderOfPatterns(first.counts, meaningOf(data, this.asked.mode.width).values, first.zeros, mean, nearLimit);
    }
    if (this.finite === 0) return orderOfValues(new Float64Array(0), 0, 0, 0);
    const found = (order: Target['order']): number[] =>
      this.targets.filter((target) => target.order === order).map(valueOfTarget);
    const [absmin, absMedian, abs99] = found('magnitude');
    return {
      quantiles: found('signed'),
      absmin: absmin ?? null,
      absMedian: absMedian ?? null,
      abs99: abs99 ?? null,
      nearZeros: this.nearZeros ?? first.exactZeros,
      histogram: this.reportedHistogram(),
      squaredDeviations: this.squaredDeviations,
      scale: this.scale,
    };
  }

  /** Zeros were left out on the way: they all fall into one bin. */
  private reportedHistogram(): OrderFacts['histogram'] {
    const { min, max, exactZeros } = this.first;
    const counts = [...this.histogram!];
    if (exactZeros > 0) counts[histogramBin(0, min, max)]! += exactZeros;
    return { low: min + 0, high: max + 0, counts };
  }

  /** Splits the prefixes that a border runs through: by what was counted beyond it, or by the table that the prefix has for other reasons. */
  private withBorders(binned: BinnedPrefixes, question: RefineQuestion, answer: RefineAnswer): Float64Array {
    const histogram = binned.counts.slice();
    let border = 0;
    for (const { prefix, threshold, count, before, beyond } of binned.borders) {
      const slot = question.prefixes.indexOf(prefix);
      const above =
        slot < 0
          ? answer.above![border++]!
          : answer.next[slot]!.subarray(threshold).reduce((sum, times) => sum + times, 0);
      histogram[before]! += count - above;
      histogram[beyond]! += above;
    }
    return histogram;
  }

  private get bits(): 32 | 64 {
    return this.asked.mode.kind === 'float64' ? 64 : 32;
  }

  private begin(leadingBits: number): void {
    const { counts, zeros, min, max, elements } = this.first;
    invariant(counts !== null, 'leading bits were counted');
    const ranks = reportedRanks(this.finite, zeros);
    this.targets = startTargets(
      counts,
      [
        ...ranks.signed.map((rank) => ({ order: 'signed' as const, rank })),
        ...ranks.magnitude.map((rank) => ({ order: 'magnitude' as const, rank })),
      ],
      this.bits === 64 ? 11 : 8,
    );
    const rest = this.bits - leadingBits;
    const prefixes = prefixesOf(this.targets, leadingBits);
    // Small tensors are read from memory anyhow, and have too few leading bits.
    const streamed = this.bits === 32 && elements > RESIDENT_ELEMENTS;
    this.binned = streamed ? binPrefixes(counts, this.first.exactZeros, min, max) : null;
    const open = this.binned?.borders.filter(({ prefix }) => !prefixes.includes(prefix)) ?? [];
    this.question = {
      kind: 'refine',
      mode: this.asked.mode,
      slotBits: leadingBits,
      knownBits: leadingBits,
      nextBits: this.bits === 64 ? 16 : elements <= RESIDENT_ELEMENTS ? Math.ceil(rest / 2) : rest,
      prefixes,
      histogram: this.binned === null ? { low: min, high: max } : null,
      borders:
        this.binned === null
          ? null
          : { prefixes: open.map(({ prefix }) => prefix), thresholds: open.map(({ threshold }) => threshold) },
      deviationsFrom: this.cancels ? this.mean : null,
      deviationScale: this.scale,
      nearLimit: this.anyNear(leadingBits) ? this.largestSingle : null,
    };
  }

  /** The difference of sums lost its precision, as of values far from 0 that lie close together: the squares are summed up once more. */
  private get cancels(): boolean {
    return this.bits === 64 || this.squaredDeviations < this.finite * this.mean * this.mean;
  }

  /** Whether some value that is not zero may be within the limit, by the counts of leading bits. */
  private anyNear(leadingBits: number): boolean {
    if (this.bits === 64) return true;
    const { counts, exactZeros } = this.first;
    const half = counts!.length / 2;
    word[0] = 0;
    single[0] = this.largestSingle;
    const last = word[0]! >>> (32 - leadingBits);
    let within = 0;
    for (let prefix = 0; prefix <= last; prefix++) within += counts![prefix]! + counts![prefix + half]!;
    return within > exactZeros;
  }

  /** The limit as an f32 that is not larger: the same values lie below it. */
  private get largestSingle(): number {
    if (this.bits === 64) return this.nearLimit;
    single[0] = this.nearLimit;
    if (single[0]! > this.nearLimit) word[0]!--;
    return single[0]!;
  }
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);
