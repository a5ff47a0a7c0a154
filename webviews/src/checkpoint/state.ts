import type { Fault } from '@espalier/base';
import type {
  FileHead,
  Finding,
  MatrixLayout,
  PageStart,
  ScanEnd,
  ScanItem,
  SizesAsStored,
  TensorFacts,
} from '@espalier/protocol';
import { nextSort, type Sort } from '../shared/sorting.js';
import { allFindings, worstTensor } from './findings.js';

export type ScanProgress = Extract<ScanItem, { kind: 'progress' }>;

/** Where the reading of values stands. */
export type Scan =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly progress: ScanProgress | null }
  | { readonly kind: 'stopped'; readonly progress: ScanProgress | null }
  | { readonly kind: 'failed'; readonly progress: ScanProgress | null; readonly fault: Fault }
  | { readonly kind: 'done'; readonly end: ScanEnd };

export type FileState =
  | { readonly kind: 'opening' }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'open'; readonly head: FileHead };

export type Which = 'all' | 'prunable' | 'findings';
export type Colouring = 'magnitude' | 'signed' | 'zeros';
/** What can be shown as a table instead. */
export type Picture = 'strip' | 'heatmap' | 'histogram' | 'sizes';
export const PICTURES: readonly Picture[] = ['strip', 'heatmap', 'histogram', 'sizes'];

/** The size of one tensor after gzip. `none`: it has none, or it could not be found out. */
export type Gzip = 'asked' | 'none' | NonNullable<SizesAsStored['gzip']>;

export const STANDARD_SPLIT = 0.58;

/** All that the inspector knows and shows. Changed by `reduce` alone. */
export interface State {
  readonly start: PageStart | null;
  readonly file: FileState;
  readonly facts: ReadonlyMap<string, TensorFacts>;
  /** Sizes after gzip that were asked for one by one; `asked` while the answer is on its way. */
  readonly gzip: ReadonlyMap<string, Gzip>;
  /** The same of all tensors together; null until it is asked for. */
  readonly modelGzip: Gzip | null;
  /** Findings that came with the values. */
  readonly findings: readonly Finding[];
  readonly scan: Scan;
  readonly news: { readonly kind: 'changed' | 'deleted'; readonly at: number } | null;
  readonly filter: string;
  readonly which: Which;
  readonly sort: Sort | null;
  readonly selected: string | null;
  /** The person chose a tensor; the page keeps its hands off from then on. */
  readonly chosen: boolean;
  /** The person works with the table; nothing in it moves by itself from then on. */
  readonly touched: boolean;
  readonly focused: string | null;
  readonly layout: MatrixLayout;
  readonly colouring: Colouring;
  readonly asTable: ReadonlySet<Picture>;
  readonly findingsShown: boolean;
  readonly split: number;
  readonly openedAt: number;
}

export const initialState: State = {
  start: null,
  file: { kind: 'opening' },
  facts: new Map(),
  gzip: new Map(),
  modelGzip: null,
  findings: [],
  scan: { kind: 'none' },
  news: null,
  filter: '',
  which: 'all',
  sort: null,
  selected: null,
  chosen: false,
  touched: false,
  focused: null,
  layout: 'kernel',
  colouring: 'magnitude',
  asTable: new Set(),
  findingsShown: true,
  split: STANDARD_SPLIT,
  openedAt: 0,
};

export type Action =
  | { readonly type: 'started'; readonly start: PageStart; readonly recalled: Partial<Remembered> }
  | { readonly type: 'opened'; readonly head: FileHead; readonly at: number }
  | { readonly type: 'open-failed'; readonly fault: Fault }
  | { readonly type: 'opening' }
  | { readonly type: 'scan-started' }
  | { readonly type: 'scan-item'; readonly item: ScanItem }
  /** Without a tensor: of all together. */
  | { readonly type: 'gzip'; readonly tensor: string | null; readonly gzip: Gzip | null }
  | { readonly type: 'scan-ended'; readonly end: ScanEnd; readonly at: number }
  | { readonly type: 'scan-stopped' }
  | { readonly type: 'scan-failed'; readonly fault: Fault }
  | { readonly type: 'file-changed'; readonly at: number; readonly deleted: boolean }
  | { readonly type: 'filter'; readonly text: string }
  | { readonly type: 'which'; readonly which: Which }
  | { readonly type: 'sort'; readonly column: string }
  | { readonly type: 'select'; readonly tensor: string }
  | { readonly type: 'focus'; readonly tensor: string }
  /** The person does something with the page. */
  | { readonly type: 'touched' }
  | { readonly type: 'layout'; readonly layout: MatrixLayout }
  | { readonly type: 'colouring'; readonly colouring: Colouring }
  | { readonly type: 'twin'; readonly pictures: readonly Picture[] }
  | { readonly type: 'toggle-findings' }
  | { readonly type: 'split'; readonly split: number };

/** What outlives the page: kept while the tab is hidden, given back when it is shown again. */
export type Remembered = Pick<State, 'filter' | 'which' | 'sort' | 'selected' | 'layout' | 'colouring'>;

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case 'started': {
      const { start, recalled } = action;
      const selected = start.select ?? recalled.selected ?? null;
      return { ...state, ...recalled, ...stored(start.stored ?? {}), start, selected, chosen: selected !== null };
    }
    case 'opening':
      return { ...state, file: { kind: 'opening' } };
    case 'opened':
      return opened(state, action.head, action.at);
    case 'open-failed':
      return { ...state, file: { kind: 'failed', fault: action.fault }, scan: { kind: 'none' }, news: null };
    case 'scan-started':
      return { ...state, scan: { kind: 'running', progress: null } };
    case 'scan-item':
      return scanItem(state, action.item);
    case 'gzip': {
      if (action.tensor === null) return { ...state, modelGzip: action.gzip };
      const gzip = new Map(state.gzip);
      if (action.gzip === null) gzip.delete(action.tensor);
      else gzip.set(action.tensor, action.gzip);
      return { ...state, gzip };
    }
    case 'scan-ended':
      return scanEnded(state, action.end, action.at);
    case 'scan-stopped':
      return state.scan.kind === 'running' ? { ...state, scan: { ...state.scan, kind: 'stopped' } } : state;
    case 'scan-failed':
      return state.scan.kind === 'running'
        ? { ...state, scan: { kind: 'failed', progress: state.scan.progress, fault: action.fault } }
        : state;
    case 'file-changed':
      return { ...state, news: { kind: action.deleted ? 'deleted' : 'changed', at: action.at } };
    case 'filter':
      return { ...state, filter: action.text, touched: true };
    case 'which':
      return { ...state, which: action.which, touched: true };
    case 'sort':
      return { ...state, sort: nextSort(state.sort, action.column), touched: true };
    case 'select':
      return { ...state, selected: action.tensor, focused: action.tensor, chosen: true };
    case 'focus':
      return { ...state, focused: action.tensor, touched: true };
    case 'touched':
      return state.touched ? state : { ...state, touched: true };
    case 'layout':
      return { ...state, layout: action.layout };
    case 'colouring':
      return { ...state, colouring: action.colouring };
    case 'twin':
      return { ...state, asTable: toggled(state.asTable, action.pictures) };
    case 'toggle-findings':
      return { ...state, findingsShown: !state.findingsShown };
    case 'split':
      return { ...state, split: action.split };
  }
}

function stored(values: Readonly<Record<string, unknown>>): Partial<State> {
  const { split } = values;
  return typeof split === 'number' && split > 0.2 && split < 0.8 ? { split } : {};
}

/** A file was opened, or opened again after it changed: figures start anew, what the person was looking at stays. */
function opened(state: State, head: FileHead, at: number): State {
  const there = (name: string | null): boolean => head.tensors.some((tensor) => tensor.name === name);
  const stays = there(state.selected);
  return {
    ...state,
    file: { kind: 'open', head },
    facts: new Map(),
    gzip: new Map(),
    modelGzip: null,
    findings: [],
    scan: { kind: 'none' },
    news: null,
    selected: stays ? state.selected : worstTensor(head.findings, head.tensors),
    chosen: stays && state.chosen,
    touched: false,
    focused: there(state.focused) ? state.focused : null,
    openedAt: at,
  };
}

function scanItem(state: State, item: ScanItem): State {
  if (item.kind === 'progress') {
    return state.scan.kind === 'running' ? { ...state, scan: { kind: 'running', progress: item } } : state;
  }
  const facts = new Map(state.facts);
  for (const fact of item.facts) facts.set(fact.head.name, fact);
  const findings = item.findings === undefined ? state.findings : [...state.findings, ...item.findings];
  return { ...state, facts, findings };
}

/** Within this time after opening, the page may still move to the tensor with the worst finding, unless the person did something. */
const SETTLING_MS = 8000;

function scanEnded(state: State, end: ScanEnd, at: number): State {
  const next: State = { ...state, scan: { kind: 'done', end }, findings: end.findings };
  if (state.chosen || state.touched || state.file.kind !== 'open' || at - state.openedAt > SETTLING_MS) return next;
  const { findings, tensors } = state.file.head;
  return { ...next, selected: worstTensor(allFindings(findings, end.findings, tensors, state.facts), tensors) };
}

/** If any of the pictures is shown as one, all become tables; else all become pictures. */
function toggled<T>(set: ReadonlySet<T>, members: readonly T[]): ReadonlySet<T> {
  const next = new Set(set);
  const allIn = members.every((member) => next.has(member));
  for (const member of members) {
    if (allIn) next.delete(member);
    else next.add(member);
  }
  return next;
}

export function remembered({ filter, which, sort, selected, layout, colouring, chosen }: State): Remembered {
  return { filter, which, sort, selected: chosen ? selected : null, layout, colouring };
}
