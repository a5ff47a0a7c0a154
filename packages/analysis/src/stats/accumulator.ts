import type { Float32Scan } from '@espalier/kernels';
import type { TensorHead } from '@espalier/model';
import { slabsOf, ZeroBits } from '../structure/slabs.js';
import { mergeStructure } from '../structure/structure.js';
import type { DigestSum, ElementRange, FirstAnswer, RefineAnswer } from './question.js';
import { BLOCK_ELEMENTS } from './reader.js';

/** Running totals of a first read. */
export class Accumulator {
  /** What is read one after the other: the ranges, cut into slabs where structure is asked for. */
  readonly parts: readonly ElementRange[];
  private elements = 0;
  private zeros = 0;
  private exactZeros = 0;
  private nan = 0;
  private inf = 0;
  private firstNonFinite: number | null = null;
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  private sum = 0;
  private sumSquares = 0;
  private zerosBefore = 0;
  private readonly shares: number[] = [];
  private readonly zeroBits: ZeroBits;

  constructor(head: TensorHead, structure: boolean, ranges: readonly ElementRange[]) {
    this.parts = structure ? slabsOf(head, ranges) : ranges;
    this.zeroBits = new ZeroBits(head, structure, this.parts, BLOCK_ELEMENTS);
  }

  open(part: ElementRange): void {
    this.zerosBefore = this.zeros;
    this.zeroBits.open(part);
  }

  close({ begin, end }: ElementRange): void {
    this.elements += end - begin;
    this.shares.push((this.zeros - this.zerosBefore) / (end - begin));
    this.zeroBits.close();
  }

  /** Place for the zero bits of a block. */
  bits(begin: number, count: number): Uint8Array {
    return this.zeroBits.at(begin, count);
  }

  /** Adds a block; `values` tells where the first value that is not finite is. */
  add(scan: Float32Scan, begin: number, values: Float32Array | Float64Array): void {
    this.exactZeros += scan.zeros;
    this.zeros += scan.zeros;
    this.nan += scan.nan;
    this.inf += scan.inf;
    if (scan.min < this.min) this.min = scan.min;
    if (scan.max > this.max) this.max = scan.max;
    this.sum += scan.sum;
    this.sumSquares += scan.sumSquares;
    if (scan.nan + scan.inf > 0) this.firstNonFinite ??= begin + values.findIndex((value) => !Number.isFinite(value));
  }

  /** Adds zeros that are known by their patterns alone; sums follow from the counts. */
  addPatterns(zeros: number, firstNonFinite: number | null): void {
    this.zeros += zeros;
    this.firstNonFinite ??= firstNonFinite;
  }

  addExactZeros(zeros: number): void {
    this.exactZeros += zeros;
  }

  /** True until a value that is not finite was seen. */
  get allFinite(): boolean {
    return this.firstNonFinite === null;
  }

  /** Adds zeros by the quantization that are not exactly 0 to the bits of a block. */
  addZeros(bits: Uint8Array, also: Uint8Array): void {
    for (let i = 0; i < bits.length; i++) {
      bits[i]! |= also[i]!;
      for (let rest = also[i]!; rest !== 0; rest &= rest - 1) this.zeros++;
    }
  }

  answer(more: Pick<FirstAnswer, 'counts' | 'values' | 'digest'>): FirstAnswer {
    const { elements, zeros, exactZeros, nan, inf, firstNonFinite, min, max, sum, sumSquares, shares } = this;
    const structure = this.zeroBits.structure();
    return {
      kind: 'first',
      elements,
      zeros,
      exactZeros,
      nan,
      inf,
      firstNonFinite,
      min,
      max,
      sum,
      sumSquares,
      shares,
      structure,
      ...more,
    };
  }

  release(): void {
    this.zeroBits.release();
  }
}

/** Merges the answers of parts; their order does not matter. The answers are given away: what they hold is used for the sum. */
export function mergeFirst(parts: readonly FirstAnswer[]): FirstAnswer {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const total = (pick: (part: FirstAnswer) => number): number => parts.reduce((sum, part) => sum + pick(part), 0);
  const places = parts.map((part) => part.firstNonFinite).filter((place) => place !== null);
  return {
    kind: 'first',
    elements: total((part) => part.elements),
    zeros: total((part) => part.zeros),
    exactZeros: total((part) => part.exactZeros),
    nan: total((part) => part.nan),
    inf: total((part) => part.inf),
    firstNonFinite: places.length === 0 ? null : Math.min(...places),
    min: Math.min(...parts.map((part) => part.min)),
    max: Math.max(...parts.map((part) => part.max)),
    sum: total((part) => part.sum),
    sumSquares: total((part) => part.sumSquares),
    counts: mergeCounts(parts.map((part) => part.counts)),
    values: null,
    digest: mergeDigests(parts.map((part) => part.digest)),
    structure: mergeStructure(parts.map((part) => part.structure)),
    shares: parts.flatMap((part) => part.shares),
  };
}

/** The same for further reads. */
export function mergeRefine(a: RefineAnswer, b: RefineAnswer): RefineAnswer {
  return {
    kind: 'refine',
    next: a.next.map((counts, slot) => mergeCounts([counts, b.next[slot]!])!),
    histogram: a.histogram === null ? null : mergeCounts([a.histogram, b.histogram]),
    above: a.above === null ? null : mergeCounts([a.above, b.above]),
    squaredDeviations: a.squaredDeviations + b.squaredDeviations,
    nearZeros: a.nearZeros + b.nearZeros,
  };
}

/** Element by element, added up in the first of them: counts of a large tensor take megabytes. Null where a part has none. */
export function mergeCounts(parts: readonly (Float64Array | null)[]): Float64Array | null {
  const known = parts.filter((part) => part !== null);
  if (known.length === 0 || known.length < parts.length) return null;
  if (known.length === 1) return known[0]!;
  const merged = known[0]!;
  for (const part of known.slice(1)) for (let i = 0; i < merged.length; i++) merged[i]! += part[i]!;
  return merged;
}

function mergeDigests(parts: readonly (DigestSum | null)[]): DigestSum | null {
  return parts.reduce((sum, part) => (sum === null || part === null ? null : addDigests(sum, part)));
}

/** 128-bit sum as two independent 64-bit halves, low word first. */
export function addDigests(a: DigestSum, b: DigestSum): DigestSum {
  const half = (low: 0 | 2, high: 1 | 3): [number, number] => {
    const sum = a[low] + b[low];
    return [sum >>> 0, (a[high] + b[high] + (sum > 0xffff_ffff ? 1 : 0)) >>> 0];
  };
  return [...half(0, 1), ...half(2, 3)];
}
