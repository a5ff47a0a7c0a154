import type { ElementRange, FileHead, HeatmapTile, MatrixLayout, ScanAnswer, ScanQuestion, StatsOptions, TensorFacts } from '@espalier/analysis';
import type { Fault, Progress } from '@espalier/base';
import type { DecodedData, RawData, TensorData, TensorEntry } from '@espalier/checkpoint';

/** A tensor's data as plain data: what it is, without the means to read it. */
export type DataShell = Omit<RawData, 'source'> | Omit<DecodedData, 'read'> | Extract<TensorData, { kind: 'none' }>;
export type TensorShell = Omit<TensorEntry, 'data'> & { readonly data: DataShell };

/** A piece of work that may run on any thread: plain data in, plain data out. */
export interface TaskTypes {
  head: { query: { path: string }; item: never; answer: FileHead };
  stats: { query: { path: string; tensors: readonly string[]; options: StatsOptions }; item: TensorFacts; answer: null };
  /** What a tensor is, for whoever divides its scan into parts … */
  shell: { query: { path: string; tensor: string }; item: never; answer: TensorShell };
  /** … and one such part. */
  part: {
    query: { path: string; tensor: string; question: ScanQuestion; ranges: readonly ElementRange[] };
    item: never;
    answer: ScanAnswer;
  };
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

export interface CompareTile {
  readonly before: HeatmapTile;
  readonly after: HeatmapTile;
  readonly delta: HeatmapTile;
  /** Share of values that became zero, and of values that were zero and are kept now, 0..255 per tile. */
  readonly newZero: Uint8Array;
  readonly newKept: Uint8Array;
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
  run<K extends TaskKind>(kind: K, query: TaskTypes[K]['query'], hooks: TaskHooks<K>, priority?: Priority): Promise<TaskAnswer<K>>;
}

/** `now` is what a person looks at; `soon` what they asked for; `idle` what the product does by itself. */
export type Priority = 'now' | 'soon' | 'idle';
