import type { FileHead, MatrixLayout, StructureDiff, TileQuery, ValueDiff } from '@espalier/analysis';
import type { Fault } from '@espalier/base';
import type { Answer, WireTile } from './checkpoint.js';
import { request, stream } from './request.js';

/** Two checkpoints, the earlier one first. */
export interface CompareQuery {
  readonly before: string;
  readonly after: string;
}

/** Both heads and what differs in structure by names and shapes alone; renames by value follow in the stream's end. */
export const compareHeads = request<
  CompareQuery,
  Answer<{ readonly before: FileHead; readonly after: FileHead; readonly structure: StructureDiff }>
>('compare/open');

export type CompareItem =
  | { readonly kind: 'values'; readonly values: readonly ValueDiff[] }
  | {
      readonly kind: 'progress';
      readonly doneTensors: number;
      readonly tensors: number;
      readonly doneBytes: number;
      readonly bytes: number;
      readonly msLeft: number | null;
    };

export interface CompareTotals {
  readonly elements: number;
  readonly changed: number;
  readonly maskChanged: number;
  readonly maxAbsDelta: number;
  readonly l2Delta: number;
  readonly sparsityBefore: number | null;
  readonly sparsityAfter: number | null;
  readonly prunableSparsityBefore: number | null;
  readonly prunableSparsityAfter: number | null;
}

/** What differs in the values of every pair of tensors, as it is found; at the end the structure with renames by value, and the totals. */
export const compare = stream<
  CompareQuery,
  CompareItem,
  {
    readonly structure: StructureDiff;
    readonly totals: CompareTotals;
    readonly identical: boolean;
    readonly fault?: Fault;
  }
>('compare/values');

export interface CompareTileQuery extends CompareQuery, TileQuery {
  readonly tensor: string;
  readonly tensorBefore?: string;
}

/** The same window of both, and of after − before (signed; `high` is the scale of each; both value maps share one). */
export const compareTile = request<
  CompareTileQuery,
  Answer<{
    readonly before: WireTile;
    readonly after: WireTile;
    readonly delta: WireTile;
    /** Shares of values that became zero, and that were zero and are kept now: one byte a tile like `WireTile.zeroShare`, in base64. */
    readonly newZero: string;
    readonly newKept: string;
  }>
>('compare/heatmap');

/** Three or more checkpoints: per layer, the sparsity in each. */
export const trend = request<
  { readonly paths: readonly string[] },
  Answer<{
    readonly layers: readonly {
      readonly name: string;
      readonly sparsity: readonly (number | null)[];
      readonly layoutHint?: MatrixLayout;
    }[];
  }>
>('compare/trend');
