import type { StructureDiff, TensorHead, ValueDiff } from '@espalier/protocol';
import { type Sort, type SortKey, sortedBy, wordFilter } from '../shared/sorting.js';
import type { Which } from './state.js';

/** A tensor that both files have, under one name or two. */
export interface Row {
  /** As it is in the later file. */
  readonly head: TensorHead;
  readonly before: TensorHead;
  readonly index: number;
  readonly reshaped: boolean;
  readonly diff: ValueDiff | null;
}

/** Pairs by name, and by the renames that were found, in the order of the later file. */
export function pairs(
  before: readonly TensorHead[],
  after: readonly TensorHead[],
  structure: StructureDiff,
  values: ReadonlyMap<string, ValueDiff>,
): Row[] {
  const earlier = new Map(before.map((head) => [head.name, head]));
  const renamed = new Map(structure.renamed.map((pair) => [pair.after, pair.before]));
  const rows: Row[] = [];
  for (const head of after) {
    const match = earlier.get(renamed.get(head.name) ?? head.name);
    if (match === undefined) continue;
    const reshaped =
      match.shape.length !== head.shape.length || match.shape.some((length, axis) => length !== head.shape[axis]);
    rows.push({ head, before: match, index: rows.length, reshaped, diff: values.get(head.name) ?? null });
  }
  return rows;
}

/** While values are being compared a row stays where it is, also when it turns out to be the same. */
function picker(comparing: boolean): Record<Which, (row: Row) => boolean> {
  return {
    changed: ({ head, diff }) => head.prunable && (diff === null ? true : comparing || diff.changed > 0),
    others: ({ head, diff }) => !head.prunable && diff !== null && diff.changed > 0,
    same: ({ diff }) => diff !== null && diff.changed === 0,
    all: () => true,
  };
}

export function countRows(rows: readonly Row[], comparing: boolean): Record<Which, number> {
  const pick = picker(comparing);
  return {
    changed: rows.filter(pick.changed).length,
    others: rows.filter(pick.others).length,
    same: rows.filter(pick.same).length,
    all: rows.length,
  };
}

export function shownRows(
  rows: readonly Row[],
  filter: string,
  which: Which,
  sort: Sort | null,
  comparing: boolean,
): readonly Row[] {
  const passes = wordFilter(filter);
  const pick = picker(comparing)[which];
  const shown = rows.filter((row) => pick(row) && passes(`${row.head.name} ${row.before.name} ${row.head.storage}`));
  const value = sort === null ? undefined : SORT_VALUES[sort.key];
  return sort === null || value === undefined ? shown : sortedBy(shown, sort.direction, value);
}

const SORT_VALUES: Readonly<Record<string, (row: Row) => SortKey>> = {
  name: ({ head }) => head.name,
  changed: ({ diff }) => (diff === null || diff.elements === 0 ? null : diff.changed / diff.elements),
  newZeros: ({ diff }) => diff?.newZeros ?? null,
  newKept: ({ diff }) => diff?.newKept ?? null,
  zeros: ({ diff }) => diff?.sparsityAfter ?? null,
  delta: ({ diff }) => diff?.maxAbsDelta ?? null,
};

/** Difference of the shares of zeros in points, after − before; null while unknown. */
export const points = ({ diff }: Row): number | null =>
  diff === null ? null : (diff.sparsityAfter - diff.sparsityBefore) * 100;

/** The smallest round number of points that holds all of them: half the height of the strip. */
export function stripStep(rows: readonly Row[]): number {
  const most = Math.max(0, ...rows.map((row) => Math.abs(points(row) ?? 0)));
  // A difference of shares is rarely a round number of points, even where it should be.
  return [1, 2, 5, 8, 10, 20, 50].find((step) => step >= most - 1e-9) ?? 100;
}
