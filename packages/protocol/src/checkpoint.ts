import type {
  FileHead,
  FileTotals,
  HeatmapTile,
  MatrixLayout,
  MatrixSize,
  SizesAsStored,
  TensorFacts,
  TileQuery,
} from '@espalier/analysis';
import type { Fault } from '@espalier/base';
import type { Finding } from '@espalier/checkpoint';
import { event, request, stream } from './request.js';

/** Names the checkpoint a question is about: a path, or a URI of a virtual file that the host made readable. */
export interface CheckpointQuery {
  readonly path: string;
}

/** An answer that the world can spoil. */
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault };

/** Head of a checkpoint: tensors, shapes, types, findings of the header. */
export const openHead = request<CheckpointQuery, Answer<FileHead>>('checkpoint/open');

export interface ScanQuery extends CheckpointQuery {
  /** Tensors to read first. */
  readonly first?: readonly string[];
  /** Read everything even above the size limit for automatic scans. */
  readonly full?: boolean;
  /** Tensors whose facts the asker has already. */
  readonly skip?: readonly string[];
}

export type ScanItem =
  | {
      readonly kind: 'facts';
      readonly facts: readonly TensorFacts[];
      /** What these facts gave away, for hosts that say it at once; `ScanEnd.findings` has all of them again. */
      readonly findings?: readonly Finding[];
    }
  | {
      readonly kind: 'progress';
      readonly doneTensors: number;
      readonly tensors: number;
      readonly doneBytes: number;
      readonly bytes: number;
      readonly msLeft: number | null;
    };

export interface ScanEnd {
  readonly totals: FileTotals;
  readonly findings: readonly Finding[];
  /** The scan was sampled because the file is above the limit. */
  readonly sampled: boolean;
  readonly fault?: Fault;
}

/** Facts of every tensor, as they are found. Cached facts arrive at once. */
export const scan = stream<ScanQuery, ScanItem, ScanEnd>('checkpoint/scan');

export interface TensorQuery extends CheckpointQuery {
  readonly tensor: string;
}

export interface GzipQuery extends CheckpointQuery {
  /** Without it: all tensors together. */
  readonly tensor?: string;
}

/**
 * Size of a tensor, or of all, after gzip, which scans of larger files leave out because it takes a second for every 40 MB; above 256 MB
 * estimated from a sample. Null where no bytes lie in the file as they are.
 */
export const gzip = request<GzipQuery, Answer<SizesAsStored['gzip']>>('checkpoint/gzip');

/** Sizes of the matrix in every layout. */
export const matrix = request<TensorQuery, Answer<Readonly<Record<MatrixLayout, MatrixSize>>>>('checkpoint/matrix');

export interface HeatmapQuery extends TensorQuery, TileQuery {}

/** A tile as it crosses the wire: its bytes in base64. */
export interface WireTile extends Omit<HeatmapTile, 'levels' | 'zeroShare'> {
  readonly levels: string;
  readonly zeroShare: string;
}

/** A window of a tensor as a tile of levels and shares of zeros: pixels, not weights. */
export const heatmap = request<HeatmapQuery, Answer<WireTile>>('checkpoint/heatmap');

/** Single values of a small window of a layout, for the read-out and for cells wide enough to hold a figure. At most 4 096 cells. */
export interface ValuesQuery extends TensorQuery {
  readonly layout: MatrixLayout;
  readonly channel?: number;
  readonly rowBegin: number;
  readonly rowEnd: number;
  readonly columnBegin: number;
  readonly columnEnd: number;
}

export interface ValuesAnswer {
  /** Row-major; null where the matrix has no value (padding of the `channel` layout); non-finite numbers as text. */
  readonly values: readonly (number | string | null)[];
  /** Index within the tensor, aligned with `values`. */
  readonly indices: readonly (readonly number[] | null)[];
}

/** Single values of a window with their indices in the tensor. */
export const values = request<ValuesQuery, Answer<ValuesAnswer>>('checkpoint/values');

/** The file on disk is no longer what was read. */
export const changed = event<CheckpointQuery & { readonly at: number; readonly deleted: boolean }>(
  'checkpoint/changed',
);

export type ExportFormat = 'json' | 'csv' | 'markdown';

/** The report as text, as `espalier inspect --format` prints it. Reads every value first. */
export const exportText = request<
  CheckpointQuery & {
    readonly format: ExportFormat;
    /** Two or more files, the earlier first: the report is of their differences, as `espalier diff` prints it. */
    readonly compared?: readonly string[];
  },
  Answer<string>
>('checkpoint/export');
