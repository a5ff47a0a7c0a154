import type { Fault } from '@espalier/base';
import { nextSort, type Sort, type SortKey, sortedBy, wordFilter } from '../shared/sorting.js';

/** A layer and its share of zeros in each checkpoint; null where a checkpoint does not have it. */
export interface TrendLayer {
  readonly name: string;
  readonly sparsity: readonly (number | null)[];
}

export interface TrendState {
  readonly answer:
    | { readonly kind: 'asking' }
    | { readonly kind: 'failed'; readonly fault: Fault }
    | { readonly kind: 'there'; readonly layers: readonly TrendLayer[] };
  readonly filter: string;
  readonly sort: Sort | null;
  readonly selected: string | null;
  readonly focused: string | null;
}

export type TrendAction =
  | { readonly type: 'asked' }
  | { readonly type: 'answered'; readonly layers: readonly TrendLayer[] }
  | { readonly type: 'failed'; readonly fault: Fault }
  | { readonly type: 'filter'; readonly text: string }
  | { readonly type: 'sort'; readonly column: string }
  | { readonly type: 'select'; readonly layer: string }
  | { readonly type: 'focus'; readonly layer: string };

export const initialTrend: TrendState = {
  answer: { kind: 'asking' },
  filter: '',
  sort: null,
  selected: null,
  focused: null,
};

export function reduceTrend(state: TrendState, action: TrendAction): TrendState {
  switch (action.type) {
    case 'asked':
      return { ...state, answer: { kind: 'asking' } };
    case 'answered':
      return { ...state, answer: { kind: 'there', layers: action.layers } };
    case 'failed':
      return { ...state, answer: { kind: 'failed', fault: action.fault } };
    case 'filter':
      return { ...state, filter: action.text };
    case 'sort':
      return { ...state, sort: nextSort(state.sort, action.column) };
    case 'select':
      return { ...state, selected: action.layer, focused: action.layer };
    case 'focus':
      return { ...state, focused: action.layer };
  }
}

/** Points between the first and the last checkpoint that have the layer; null where fewer than two do. */
export function trendChange({ sparsity }: TrendLayer): number | null {
  const known = sparsity.filter((share) => share !== null);
  return known.length < 2 ? null : (known.at(-1)! - known[0]!) * 100;
}

/** Columns sort by name, by change, or by one checkpoint (`file 2`). */
export function shownLayers(layers: readonly TrendLayer[], filter: string, sort: Sort | null): readonly TrendLayer[] {
  const passes = wordFilter(filter);
  const shown = layers.filter(({ name }) => passes(name));
  if (sort === null) return shown;
  return sortedBy(shown, sort.direction, (layer): SortKey => {
    if (sort.key === 'name') return layer.name;
    return sort.key === 'change' ? trendChange(layer) : (layer.sparsity[Number(sort.key.replace('file ', ''))] ?? null);
  });
}

/** The points of a line in a box, top left (0, 0). A missing checkpoint breaks the line. */
export function lineRuns(
  sparsity: readonly (number | null)[],
  width: number,
  height: number,
): (readonly [x: number, y: number])[][] {
  const runs: (readonly [number, number])[][] = [];
  let run: (readonly [number, number])[] = [];
  const step = sparsity.length > 1 ? width / (sparsity.length - 1) : 0;
  for (const [i, share] of sparsity.entries()) {
    if (share === null) {
      if (run.length > 0) runs.push(run);
      run = [];
    } else run.push([i * step, height * (1 - share)]);
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

/** Names without the extension that all of them share: a narrow column shows what tells them apart. */
export function withoutCommonEnding(names: readonly string[]): string[] {
  const ending = /\.[^.]+$/.exec(names[0] ?? '')?.[0] ?? '';
  const shared = ending !== '' && names.every((name) => name.endsWith(ending) && name.length > ending.length);
  return shared ? names.map((name) => name.slice(0, -ending.length)) : [...names];
}
