import type {
  CompareTile,
  ElementRange,
  FileHead,
  HeatmapTile,
  LayerTimes,
  MatrixLayout,
  MatrixSize,
  ScanAnswer,
  ScanQuestion,
  SizesAsStored,
  StatsOptions,
  TensorFacts,
  TileQuery,
  ValueDiff,
} from '@espalier/analysis';
import type { Fault, Progress } from '@espalier/base';
import type { DecodedData, RawData, TensorData, TensorEntry } from '@espalier/checkpoint';
import type { GzipQuery, PlanAnswer, PlanItem, PlanQuery, ValuesAnswer } from '@espalier/protocol';
import type { RecipeOutlook } from './language/recipeOutlook.js';

/** A tensor's data as plain data: what it is, without the means to read it. */
export type DataShell = Omit<RawData, 'source'> | Omit<DecodedData, 'read'> | Extract<TensorData, { kind: 'none' }>;
export type TensorShell = Omit<TensorEntry, 'data'> & { readonly data: DataShell };

/** A piece of work that may run on any thread: plain data in, plain data out. */
export interface TaskTypes {
  head: { query: { path: string }; item: never; answer: FileHead };
  stats: {
    query: { path: string; tensors: readonly string[]; options: StatsOptions };
    item: TensorFacts;
    answer: null;
  };
  /** What a tensor is, for whoever divides its scan into parts … */
  shell: { query: { path: string; tensor: string }; item: never; answer: TensorShell };
  /** … and one such part. */
  part: {
    query: { path: string; tensor: string; question: ScanQuestion; ranges: readonly ElementRange[] };
    item: never;
    answer: ScanAnswer;
  };
  /** What a recipe would do. */
  plan: { query: PlanQuery; item: PlanItem; answer: PlanAnswer };
  /** What the head of a recipe's checkpoint tells of it. */
  outlook: { query: { path: string; recipe: string }; item: never; answer: RecipeOutlook };
  /** Times layers one after the other, alone on its thread. */
  times: {
    query: { path: string; tensors: readonly string[]; columns: number | null };
    item: { readonly tensor: string; readonly times: LayerTimes | null; readonly why: string | null };
    answer: null;
  };
  gzip: { query: GzipQuery; item: never; answer: SizesAsStored['gzip'] };
  matrix: { query: { path: string; tensor: string }; item: never; answer: Record<MatrixLayout, MatrixSize> };
  heatmap: {
    query: { path: string; tensor: string; tile: TileQuery; scale: Scale | null };
    item: never;
    answer: HeatmapTile;
  };
  values: { query: { path: string; tensor: string; window: ValuesWindow }; item: never; answer: ValuesAnswer };
  diff: { query: { before: string; after: string; pairs: readonly TensorPair[] }; item: ValueDiff; answer: null };
  compareTile: {
    query: { before: string; after: string; pair: TensorPair; tile: TileQuery; scaleHigh: number | null };
    item: never;
    answer: CompareTile;
  };
}

/** Scale of a heat map, where the statistics know it. */
export interface Scale {
  readonly absmin: number;
  readonly abs99: number;
}

export interface TensorPair {
  readonly before: string;
  readonly after: string;
}

export interface ValuesWindow {
  readonly layout: MatrixLayout;
  readonly channel?: number;
  readonly rowBegin: number;
  readonly rowEnd: number;
  readonly columnBegin: number;
  readonly columnEnd: number;
}

export type TaskKind = keyof TaskTypes;

export interface TaskHooks<K extends TaskKind> {
  readonly signal: AbortSignal;
  onItem?(item: TaskTypes[K]['item']): void;
  onProgress?(progress: Progress): void;
}

export type TaskAnswer<K extends TaskKind> =
  | { readonly ok: true; readonly value: TaskTypes[K]['answer'] }
  | { readonly ok: false; readonly fault: Fault };

/** Runs tasks: on this thread, or on one of several workers. Rejects only with the abort reason or for a bug. */
export interface Runner {
  /** How many tasks run at the same time. */
  readonly width: number;
  run<K extends TaskKind>(
    kind: K,
    query: TaskTypes[K]['query'],
    hooks: TaskHooks<K>,
    priority?: Priority,
  ): Promise<TaskAnswer<K>>;
}

/** `now` is what a person looks at; `soon` what they asked for; `idle` what the product does by itself. */
export type Priority = 'now' | 'soon' | 'idle';
