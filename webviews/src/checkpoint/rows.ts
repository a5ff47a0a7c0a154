import type { Fault } from '@espalier/base';
import type { Finding, TensorFacts, TensorHead, TensorStats } from '@espalier/protocol';
import { type Sort, type SortKey, sortedBy, wordFilter } from '../shared/sorting.js';
import { faultOf, findingsByTensor } from './findings.js';
import { type Pattern, patternOf } from './pattern.js';
import type { Which } from './state.js';

/** A line of the table. */
export interface Row {
  readonly head: TensorHead;
  /** Position in the file. */
  readonly index: number;
  readonly values:
    | { readonly kind: 'unread' }
    | { readonly kind: 'none'; readonly why: string }
    | { readonly kind: 'fault'; readonly fault: Fault }
    | { readonly kind: 'read'; readonly stats: TensorStats };
  readonly pattern: Pattern | null;
  readonly findings: readonly Finding[];
}

export function tableRows(
  heads: readonly TensorHead[],
  facts: ReadonlyMap<string, TensorFacts>,
  findings: readonly Finding[],
): Row[] {
  const byTensor = findingsByTensor(findings);
  return heads.map((head, index) => {
    const values = valuesOf(head, facts.get(head.name));
    const pattern = values.kind === 'read' && head.prunable ? knownPattern(head, values.stats) : null;
    return { head, index, values, pattern, findings: byTensor.get(head.name) ?? [] };
  });
}

/** Facts arrive in many parts and rows are made anew for each; what was found of a tensor's stats stays true. */
const patterns = new WeakMap<TensorStats, Pattern | null>();

function knownPattern(head: TensorHead, stats: TensorStats): Pattern | null {
  let pattern = patterns.get(stats);
  if (pattern === undefined) {
    pattern = patternOf(head, stats);
    patterns.set(stats, pattern);
  }
  return pattern;
}

function valuesOf(head: TensorHead, facts: TensorFacts | undefined): Row['values'] {
  const fault = faultOf(head, facts);
  if (fault !== undefined) return { kind: 'fault', fault };
  if (head.noValues !== undefined) return { kind: 'none', why: head.noValues.why };
  return facts?.stats === undefined ? { kind: 'unread' } : { kind: 'read', stats: facts.stats };
}

const PICK: Record<Which, (row: Row) => boolean> = {
  all: () => true,
  prunable: ({ head }) => head.prunable,
  findings: ({ findings }) => findings.length > 0,
};

export interface Counts extends Readonly<Record<Which, number>> {}

export function countRows(rows: readonly Row[]): Counts {
  return { all: rows.length, prunable: rows.filter(PICK.prunable).length, findings: rows.filter(PICK.findings).length };
}

/** Text that a filter looks through besides the name. */
export const patternText = (pattern: Pattern | null): string =>
  pattern === null ? '' : pattern.kind === 'rows' ? 'rows' : pattern.name;

/** The rows that pass, in order. Every word of the filter must occur in the name, the type or the pattern. */
export function shownRows(rows: readonly Row[], filter: string, which: Which, sort: Sort | null): readonly Row[] {
  const passes = wordFilter(filter);
  const pick = PICK[which];
  const shown = rows.filter(
    (row) => pick(row) && passes(`${row.head.name} ${row.head.storage} ${patternText(row.pattern)}`),
  );
  const value = sort === null ? undefined : SORT_VALUES[sort.key];
  return sort === null || value === undefined ? shown : sortedBy(shown, sort.direction, value);
}

const statsOf = (row: Row): TensorStats | null => (row.values.kind === 'read' ? row.values.stats : null);

const SORT_VALUES: Readonly<Record<string, (row: Row) => SortKey>> = {
  name: ({ head }) => head.name,
  type: ({ head }) => head.storage,
  shape: ({ head }) => head.shape.map((length) => String(length).padStart(16, '0')).join('×'),
  parameters: ({ head }) => head.elements,
  size: ({ head }) => head.bytes,
  zeros: (row) => {
    const stats = statsOf(row);
    return stats === null || row.head.elements === 0 ? null : stats.zeros / row.head.elements;
  },
  dead: (row) => statsOf(row)?.deadOutputChannels ?? null,
  pattern: ({ pattern }) => (pattern === null ? null : `${patternText(pattern)} ${pattern.share.toFixed(6)}`),
};
