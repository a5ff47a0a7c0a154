import type { FileHead, HeatmapTile, MatrixLayout, MatrixSize, TensorFacts, TileQuery, ValueDiff } from '@espalier/analysis';
import type { Fault, Progress } from '@espalier/base';
import type { ValuesAnswer } from '@espalier/protocol';

/** How values are read. */
export interface ReadOptions {
  /** Numerically dead: |w| ≤ this × the layer's absmax. */
  readonly nearZeroRatio: number;
  /** Read only about this share of each large tensor, seeded. null: everything. */
  readonly sampleShare: number | null;
}

/** A piece of work that may run on any thread: plain data in, plain data out. */
export interface TaskTypes {
  head: { query: { path: string }; item: never; answer: FileHead };
  stats: { query: { path: string; tensors: readonly string[]; options: ReadOptions }; item: TensorFacts; answer: null };
  matrix: { query: { path: string; tensor: string }; item: never; answer: Record<MatrixLayout, MatrixSize> };
  heatmap: { query: { path: string; tensor: string; tile: TileQuery; scaleHigh: number | null }; item: never; answer: HeatmapTile };
  values: {
    query: { path: string; tensor: string; window: ValuesWindow };
    item: never;
    answer: ValuesAnswer;
  };
  diff: {
    query: { before: string; after: string; pairs: readonly TensorPair[] };
    item: ValueDiff;
    answer: null;
  };
  compareTile: {
    query: { before: string; after: string; pair: TensorPair; tile: TileQuery; scaleHigh: number | null };
    item: never;
    answer: CompareTile;
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
