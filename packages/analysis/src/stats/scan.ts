import { invariant } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { TensorStats } from '../facts.js';
import { boxesOf } from '../structure/boxes.js';
import { hasSlabs, UNIT_ELEMENTS, unitOf } from '../structure/slabs.js';
import { hasStructure, mergeStructure, type StructureCounts } from '../structure/structure.js';
import { mergeFirst } from './accumulator.js';
import { statsOf } from './finish.js';
import { modeOf } from './mode.js';
import { type ResolvedOptions, resolveOptions, type StatsOptions } from './options.js';
import { OrderScan, RESIDENT_ELEMENTS } from './orderScan.js';
import type { ElementRange, FirstAnswer, RefineAnswer, ScanAnswer, ScanQuestion, StructureAnswer } from './question.js';
import { sampleRanges } from './sample.js';

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

/** Begins a scan. The entry must have values (`data.kind` is not `none`) and at least one element. */
export function beginScan(entry: TensorEntry, head: TensorHead, options?: StatsOptions): TensorScan {
  invariant(entry.data.kind !== 'none' && entry.elements > 0, `${entry.name} has no values`);
  return new Scan(entry, head, resolveOptions(options));
}

class Scan implements TensorScan {
  question: ScanQuestion | null;
  private first: FirstAnswer | null = null;
  private order: OrderScan | null = null;
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
      order:
        mode.kind === 'patterns' ? null : keep ? 'keep' : { leadingBits: OrderScan.leadingBits(mode, entry.elements) },
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
    const { question } = this;
    invariant(question !== null, 'nothing is asked');
    switch (question.kind) {
      case 'first':
        this.first = mergeFirst(answers as readonly FirstAnswer[]);
        this.structure = this.first.structure;
        this.order = new OrderScan(this.entry, question, this.first, this.options.nearZeroRatio);
        break;
      case 'refine':
        this.order!.take(answers as readonly RefineAnswer[]);
        break;
      case 'structure':
        this.structure = mergeStructure((answers as readonly StructureAnswer[]).map((answer) => answer.structure));
    }
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
