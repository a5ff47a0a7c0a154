import type { Fault } from '@espalier/base';
import type { PageStart, SweepReport } from '@espalier/protocol';
import { nextSort, type Sort } from '../shared/sorting.js';
import { type Measure, measuresOf } from './series.js';

export interface State {
  readonly start: PageStart | null;
  readonly content:
    | { readonly kind: 'waiting' }
    | { readonly kind: 'failed'; readonly fault: Fault }
    | { readonly kind: 'report'; readonly report: SweepReport };
  readonly measure: Measure;
  readonly asTable: boolean;
  readonly sort: Sort | null;
}

export type Action =
  | { readonly type: 'started'; readonly start: PageStart }
  | { readonly type: 'report'; readonly report: SweepReport }
  | { readonly type: 'failed'; readonly fault: Fault }
  | { readonly type: 'measure'; readonly measure: Measure }
  | { readonly type: 'next-measure' }
  | { readonly type: 'twin' }
  | { readonly type: 'sort'; readonly column: string };

export const initialState: State = {
  start: null,
  content: { kind: 'waiting' },
  measure: 'energy',
  asTable: false,
  sort: null,
};

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case 'started':
      return { ...state, start: action.start };
    case 'report': {
      const known = measuresOf(action.report);
      const measure = known.includes(state.measure) ? state.measure : (known[0] ?? state.measure);
      return { ...state, content: { kind: 'report', report: action.report }, measure };
    }
    case 'failed':
      return { ...state, content: { kind: 'failed', fault: action.fault } };
    case 'measure':
      return { ...state, measure: action.measure };
    case 'next-measure': {
      const known = state.content.kind === 'report' ? measuresOf(state.content.report) : [];
      const next = known[(known.indexOf(state.measure) + 1) % Math.max(1, known.length)];
      return { ...state, measure: next ?? state.measure };
    }
    case 'twin':
      return { ...state, asTable: !state.asTable };
    case 'sort':
      return { ...state, sort: nextSort(state.sort, action.column) };
  }
}
