import type { Axis } from './shape.js';

/** An element-wise function of two sizes. */
export type Binary = (a: number, b: number) => number;

/** Element-wise over two lists, where one may be a scalar. Longer broadcasts are not computed with. */
export function zipped(
  a: readonly Axis[] | undefined,
  b: readonly Axis[] | undefined,
  combine: Binary,
): readonly Axis[] | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (a.length !== b.length && a.length !== 1 && b.length !== 1) return undefined;
  const length = a.length === 1 ? b.length : a.length;
  return Array.from({ length }, (_, i) => {
    const left = a[a.length === 1 ? 0 : i]!;
    const right = b[b.length === 1 ? 0 : i]!;
    return left === null || right === null ? null : combine(left, right);
  });
}

/** Element-wise over one list. */
export const mapped = (
  list: readonly Axis[] | undefined,
  change: (element: number) => number,
): readonly Axis[] | undefined => list?.map((element) => (element === null ? null : change(element)));

/** Positions from `begin` by `step` to before `end`, along an axis of `length`; negative ones count from the end. As numpy slices. */
export function sliceRange(
  length: number,
  begin: number,
  end: number,
  step: number,
): { readonly first: number; readonly count: number } {
  const from = begin < 0 ? begin + length : begin;
  const to = end < 0 ? end + length : end;
  if (step > 0) {
    const first = clamp(from, 0, length);
    return { first, count: Math.max(0, Math.ceil((clamp(to, 0, length) - first) / step)) };
  }
  const first = clamp(from, -1, length - 1);
  return { first, count: Math.max(0, Math.ceil((clamp(to, -1, length - 1) - first) / step)) };
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** The elements of a list that a slice takes. */
export function sliced(
  list: readonly Axis[] | undefined,
  { first, count }: { readonly first: number; readonly count: number },
  step: number,
): readonly Axis[] | undefined {
  return list === undefined ? undefined : Array.from({ length: count }, (_, i) => list[first + i * step] ?? null);
}

/** Elements put in another order: along each axis of the result, where the first comes from, and how far apart the next are. */
export function strided(
  list: readonly Axis[],
  begin: number,
  axes: readonly { readonly length: number; readonly stride: number }[],
): readonly Axis[] {
  // Of no elements the axes may have any length.
  if (list.length === 0) return [];
  let offsets = [begin];
  for (const { length, stride } of axes)
    offsets = offsets.flatMap((offset) => Array.from({ length }, (_, i) => offset + i * stride));
  return offsets.map((offset) => list[offset] ?? null);
}

/** Elements from one index of an axis to the next, in C order. */
export const stridesOf = (shape: readonly number[]): readonly number[] =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
