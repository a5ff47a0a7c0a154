import type { TensorHead } from '@espalier/model';
import { mergeStructure, type StructureCounts, structureOf } from '../structure/structure.js';
import type { FirstAnswer } from './question.js';

/** Running totals of a first read. */
export interface Accumulator {
  elements: number;
  zeros: number;
  exactZeros: number;
  nan: number;
  inf: number;
  firstNonFinite: number | null;
  min: number;
  max: number;
  sum: number;
  sumSquares: number;
  readonly shares: number[];
}

export const emptyAccumulator = (): Accumulator => ({
  elements: 0,
  zeros: 0,
  exactZeros: 0,
  nan: 0,
  inf: 0,
  firstNonFinite: null,
  min: Number.POSITIVE_INFINITY,
  max: Number.NEGATIVE_INFINITY,
  sum: 0,
  sumSquares: 0,
  shares: [],
});

/** Zero bits of a part of a tensor, for its structure. */
export interface BitRun {
  /** Place for the bits of the elements from `begin`; `begin` is a multiple of 8 within the run. */
  at(begin: number, count: number): Uint8Array;
  structure(): StructureCounts | null;
}

/** Collects zero bits of the range `begin` to `end`, whole rows of the first axis, where structure is asked for. */
export function bitRun(head: TensorHead, wanted: boolean, begin: number, end: number, windowElements: number): BitRun {
  if (!wanted) {
    const scratch = new Uint8Array(Math.ceil(windowElements / 8));
    return { at: () => scratch, structure: () => null };
  }
  const bits = new Uint8Array(Math.ceil((end - begin) / 8));
  const rowElements = head.elements / head.shape[0]!;
  return {
    at: (from, count) => bits.subarray((from - begin) / 8, (from - begin) / 8 + Math.ceil(count / 8)),
    structure: () => structureOf(head, bits, begin / rowElements, end / rowElements),
  };
}

/** Merges the answers of parts; the order does not matter, except that `values` of small tensors come from one part. */
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

export function mergeCounts(parts: readonly (Float64Array | null)[]): Float64Array | null {
  const known = parts.filter((part) => part !== null);
  if (known.length === 0 || known.length < parts.length) return null;
  const merged = known[0]!.slice();
  for (const part of known.slice(1)) for (let i = 0; i < merged.length; i++) merged[i]! += part[i]!;
  return merged;
}

function mergeDigests(parts: readonly FirstAnswer['digest'][]): FirstAnswer['digest'] {
  return parts.reduce((sum, part) => (sum === null || part === null ? null : addDigests(sum, part)));
}

/** 128-bit sum as two independent 64-bit halves, low word first. */
export function addDigests(
  a: NonNullable<FirstAnswer['digest']>,
  b: NonNullable<FirstAnswer['digest']>,
): NonNullable<FirstAnswer['digest']> {
  const half = (low: 0 | 2, high: 1 | 3): [number, number] => {
    const sum = a[low] + b[low];
    return [sum >>> 0, (a[high] + b[high] + (sum > 0xffff_ffff ? 1 : 0)) >>> 0];
  };
  return [...half(0, 1), ...half(2, 3)];
}
