import { invariant } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { TensorStats } from '../facts.js';
import { boxesOf } from '../structure/boxes.js';
import { hasSlabs, UNIT_ELEMENTS, unitOf } from '../structure/slabs.js';
import { hasStructure, mergeStructure, type StructureCounts } from '../structure/structure.js';
import { mergeFirst, mergeRefine } from './accumulator.js';
import { statsOf } from './finish.js';
import { modeOf } from './mode.js';
import { type ResolvedOptions, resolveOptions, type StatsOptions } from './options.js';
import { OrderScan, RESIDENT_ELEMENTS } from './orderScan.js';
import type { ElementRange, FirstAnswer, FirstQuestion, ScanAnswer, ScanQuestion } from './question.js';
import { sampleRanges } from './sample.js';

/**
 * A scan of one tensor as a dialogue: `question` is to be answered over all `ranges(parts)` (in any order, by any worker, with
 * `answerQuestion`), each answer goes to `add` as it arrives, then `advance` asks the next question, and so on until `question` is null;
 * then `finish`. Holds a few megabytes, however many parts there are.
 */
export interface TensorScan {
  readonly question: ScanQuestion | null;
  /** At most `parts` lists of ranges that together cover what is to be read for the present question. */
  ranges(parts: number): ElementRange[][];
  /** Adds the answer of one part to those that came before. */
  add(answer: ScanAnswer): void;
  /** Goes on to the next question, once every part has answered. */
  advance(): void;
  /** The same for answers that are all there. */
  take(answers: readonly ScanAnswer[]): void;
  finish(): TensorStats;
}

/** Tensors of at most this many elements keep their values, and need no second read. */
export const SMALL_ELEMENTS = 4096;

/** Begins a scan. The entry must have values (`data.kind` is not `none`) and at least one element. */
export function beginScan(entry: TensorEntry, head: TensorHead, options?: StatsOptions): TensorScan {
  invariant(entry.data.kind !== 'none' && entry.elements > 0, `${entry.name} has no values`);
  return new Scan(entry, head, resolveOptions(options));
}

class Scan implements TensorScan {
  question: ScanQuestion | null;
  private first: FirstAnswer | null = null;
  private order: OrderScan | null = null;
  private pending: ScanAnswer | null = null;
  private structure: StructureCounts | null = null;
  private readonly sample: readonly ElementRange[] | null;
  /** Structure takes a read of its own. */
  private readonly boxed: boolean;

  constructor(
    private readonly entry: TensorEntry,
    private readonly head: TensorHead,
    private readonly options: ResolvedOptions,
  ) {
    this.sample = sampleRanges(entry, options.sample);
    const whole = this.sample === null;
    const wanted = options.structure && hasStructure(head) && whole;
    const slabs = hasSlabs(head);
    this.boxed = wanted && !slabs;
    const mode = modeOf(entry);
    const keep = entry.elements <= SMALL_ELEMENTS && whole;
    this.question = {
      kind: 'first',
      mode,
      structure: wanted && slabs,
      digest: options.digest && whole,
      precise: entry.elements <= RESIDENT_ELEMENTS,
      order: keep
        ? 'keep'
        : mode.kind === 'patterns'
          ? null
          : { leadingBits: OrderScan.leadingBits(mode, entry.elements) },
    };
  }

  ranges(parts: number): ElementRange[][] {
    const { question } = this;
    invariant(question !== null, 'nothing is asked');
    if (question.kind === 'structure') return split(boxesOf(this.entry.shape).length, 1, parts);
    if (this.sample !== null) return dealOut(this.sample, parts);
    const end = this.entry.elements;
    if (question.kind === 'first' && question.order === 'keep') return [[{ begin: 0, end }]];
    return split(end, question.kind === 'first' && question.structure ? unitOf(this.head) : UNIT_ELEMENTS, parts);
  }

  take(answers: readonly ScanAnswer[]): void {
    for (const answer of answers) this.add(answer);
    this.advance();
  }

  add(answer: ScanAnswer): void {
    const { pending } = this;
    if (pending === null) this.pending = answer;
    else if (pending.kind === 'first' && answer.kind === 'first') this.pending = mergeFirst([pending, answer]);
    else if (pending.kind === 'refine' && answer.kind === 'refine') this.pending = mergeRefine(pending, answer);
    else if (pending.kind === 'structure' && answer.kind === 'structure') {
      this.pending = { kind: 'structure', structure: mergeStructure([pending.structure, answer.structure])! };
    } else invariant(false, 'an answer to another question');
  }

  advance(): void {
    const { question, pending } = this;
    invariant(question !== null && pending?.kind === question.kind, 'the question was not answered');
    this.pending = null;
    if (pending.kind === 'first') {
      this.first = pending;
      this.structure = pending.structure;
      this.order = new OrderScan(this.entry, question as FirstQuestion, pending, this.options.nearZeroRatio);
    } else if (pending.kind === 'refine') this.order!.take(pending);
    else this.structure = pending.structure;
    const missing: ScanQuestion | null =
      this.boxed && this.structure === null ? { kind: 'structure', mode: question.mode } : null;
    this.question = this.order!.question ?? missing;
  }

  finish(): TensorStats {
    invariant(this.first !== null && this.order !== null && this.question === null, 'the scan is not complete');
    const first = { ...this.first, structure: this.structure };
    return statsOf(this.entry, this.head, first, this.order.facts(), this.options, this.sample);
  }
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
