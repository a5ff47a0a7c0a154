import type { Fault } from '@espalier/base';
import type {
  CompareItem,
  CompareTotals,
  FileHead,
  MatrixLayout,
  PageStart,
  StructureDiff,
  ValueDiff,
} from '@espalier/protocol';
import { nextSort, type Sort } from '../shared/sorting.js';

export type CompareProgress = Extract<CompareItem, { kind: 'progress' }>;

export interface CompareEnd {
  readonly structure: StructureDiff;
  readonly totals: CompareTotals;
  readonly identical: boolean;
}

/** Where the comparison of values stands. */
export type Scan =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly progress: CompareProgress | null }
  | { readonly kind: 'stopped'; readonly progress: CompareProgress | null }
  | { readonly kind: 'failed'; readonly progress: CompareProgress | null; readonly fault: Fault }
  | { readonly kind: 'done'; readonly end: CompareEnd };

export type FilesState =
  | { readonly kind: 'opening' }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'open'; readonly before: FileHead; readonly after: FileHead; readonly structure: StructureDiff };

export type Which = 'changed' | 'others' | 'same' | 'all';
/** What the third map shows. */
export type Third = 'delta' | 'mask';
export type Picture = 'strip' | 'maps' | 'histogram';
export const PICTURES: readonly Picture[] = ['strip', 'maps', 'histogram'];
export const STANDARD_SPLIT = 0.53;

/** All that the page of two files knows and shows. Changed by `reduce` alone. */
export interface State {
  readonly start: PageStart | null;
  readonly files: FilesState;
  readonly values: ReadonlyMap<string, ValueDiff>;
  readonly scan: Scan;
  readonly news: { readonly path: string; readonly at: number; readonly deleted: boolean } | null;
  readonly filter: string;
  readonly which: Which;
  readonly sort: Sort | null;
  readonly selected: string | null;
  readonly chosen: boolean;
  readonly focused: string | null;
  readonly layout: MatrixLayout;
  readonly third: Third;
  readonly asTable: ReadonlySet<Picture>;
  readonly split: number;
}

export const initialState: State = {
  start: null,
  files: { kind: 'opening' },
  values: new Map(),
  scan: { kind: 'none' },
  news: null,
  filter: '',
  which: 'changed',
  sort: null,
  selected: null,
  chosen: false,
  focused: null,
  layout: 'kernel',
  third: 'delta',
  asTable: new Set(),
  split: STANDARD_SPLIT,
};

export type Action =
  | { readonly type: 'started'; readonly start: PageStart; readonly recalled: Partial<Remembered> }
  | { readonly type: 'opened'; readonly before: FileHead; readonly after: FileHead; readonly structure: StructureDiff }
  | { readonly type: 'open-failed'; readonly fault: Fault }
  | { readonly type: 'opening' }
  | { readonly type: 'scan-started' }
  | { readonly type: 'values'; readonly values: readonly ValueDiff[] }
  | { readonly type: 'progress'; readonly progress: CompareProgress }
  | { readonly type: 'scan-ended'; readonly end: CompareEnd }
  | { readonly type: 'scan-stopped' }
  | { readonly type: 'scan-failed'; readonly fault: Fault }
  | { readonly type: 'file-changed'; readonly path: string; readonly at: number; readonly deleted: boolean }
  | { readonly type: 'filter'; readonly text: string }
  | { readonly type: 'which'; readonly which: Which }
  | { readonly type: 'sort'; readonly column: string }
  | { readonly type: 'select'; readonly tensor: string }
  | { readonly type: 'focus'; readonly tensor: string }
  | { readonly type: 'layout'; readonly layout: MatrixLayout }
  | { readonly type: 'third'; readonly third: Third }
  | { readonly type: 'twin'; readonly pictures: readonly Picture[] }
  | { readonly type: 'split'; readonly split: number };

export interface Remembered extends Pick<State, 'filter' | 'which' | 'sort' | 'selected' | 'layout' | 'third'> {
  /** What is compared: the editor opens the page with them again after a reload of its window. */
  readonly paths?: readonly string[];
  readonly names?: readonly string[];
}

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case 'started': {
      const { paths: _paths, names: _names, ...recalled } = action.recalled;
      const selected = action.start.select ?? recalled.selected ?? null;
      return {
        ...state,
        ...recalled,
        ...stored(action.start),
        start: action.start,
        selected,
        chosen: selected !== null,
      };
    }
    case 'opening':
      return { ...state, files: { kind: 'opening' } };
    case 'opened':
      return opened(state, action);
    case 'open-failed':
      return { ...state, files: { kind: 'failed', fault: action.fault }, scan: { kind: 'none' }, news: null };
    case 'scan-started':
      return { ...state, scan: { kind: 'running', progress: null } };
    case 'values':
      return withValues(state, action.values);
    case 'progress':
      return state.scan.kind === 'running' ? { ...state, scan: { kind: 'running', progress: action.progress } } : state;
    case 'scan-ended':
      return ended(state, action.end);
    case 'scan-stopped':
      return state.scan.kind === 'running' ? { ...state, scan: { ...state.scan, kind: 'stopped' } } : state;
    case 'scan-failed':
      return state.scan.kind === 'running'
        ? { ...state, scan: { kind: 'failed', progress: state.scan.progress, fault: action.fault } }
        : state;
    case 'file-changed':
      return { ...state, news: { path: action.path, at: action.at, deleted: action.deleted } };
    case 'filter':
      return { ...state, filter: action.text };
    case 'which':
      return { ...state, which: action.which };
    case 'sort':
      return { ...state, sort: nextSort(state.sort, action.column) };
    case 'select':
      return { ...state, selected: action.tensor, focused: action.tensor, chosen: true };
    case 'focus':
      return { ...state, focused: action.tensor };
    case 'layout':
      return { ...state, layout: action.layout };
    case 'third':
      return { ...state, third: action.third };
    case 'twin': {
      const asTable = new Set(state.asTable);
      const allIn = action.pictures.every((picture) => asTable.has(picture));
      for (const picture of action.pictures) {
        if (allIn) asTable.delete(picture);
        else asTable.add(picture);
      }
      return { ...state, asTable };
    }
    case 'split':
      return { ...state, split: action.split };
  }
}

function stored({ stored: values }: PageStart): Partial<State> {
  const split = values?.['compareSplit'];
  return typeof split === 'number' && split > 0.2 && split < 0.8 ? { split } : {};
}

function opened(state: State, { before, after, structure }: Extract<Action, { type: 'opened' }>): State {
  const stays = after.tensors.some(({ name }) => name === state.selected);
  return {
    ...state,
    files: { kind: 'open', before, after, structure },
    values: new Map(),
    scan: { kind: 'none' },
    news: null,
    selected: stays ? state.selected : null,
    chosen: stays && state.chosen,
    focused: null,
  };
}

/** The first weight that is found to differ is opened, unless the person chose another. */
function withValues(state: State, added: readonly ValueDiff[]): State {
  const values = new Map(state.values);
  for (const diff of added) values.set(diff.name, diff);
  if (state.selected !== null || state.files.kind !== 'open') return { ...state, values };
  const prunable = new Set(state.files.after.tensors.filter((head) => head.prunable).map(({ name }) => name));
  const first = added.find((diff) => diff.changed > 0 && prunable.has(diff.name));
  return { ...state, values, selected: first?.name ?? null };
}

function ended(state: State, end: CompareEnd): State {
  const next: State = { ...state, scan: { kind: 'done', end } };
  if (state.files.kind !== 'open') return next;
  const files = { ...state.files, structure: end.structure };
  if (state.selected !== null) return { ...next, files };
  const first = [...state.values.values()].find(({ changed }) => changed > 0);
  return { ...next, files, selected: first?.name ?? null };
}

export function remembered({ start, filter, which, sort, selected, layout, third, chosen }: State): Remembered {
  const compared = start === null ? {} : { paths: start.paths, names: start.names };
  return { filter, which, sort, selected: chosen ? selected : null, layout, third, ...compared };
}
