import type { Fault } from '@espalier/base';
import type { Finding } from '@espalier/checkpoint';
import type { OperatorCost, TensorHead } from '@espalier/model';
import type { DenseBy } from './latency/measureGroups.js';
import type { WayTiming } from './latency/measureLayer.js';

export type { OperatorCost, TensorHead };

/** How a figure was obtained. */
export type Obtained =
  | { readonly kind: 'exact' }
  /** `share` of the values were read; `error` is the half width of the 95 % interval of a ratio. */
  | { readonly kind: 'sampled'; readonly share: number; readonly error: number; readonly seed: number };

/** N:M along one axis: of every M consecutive elements at least M − N are zero. Incomplete groups at the end are not counted. */
export interface PatternAlongAxis {
  readonly axis: number;
  readonly groups: number;
  readonly compliantGroups: number;
  /** Every group complies (and there is at least one). */
  readonly strict: boolean;
}

/** Blocks on the kernel matrix (rows are output channels); incomplete edge blocks are not counted. */
export interface BlockSparsity {
  readonly blocks: number;
  readonly zeroBlocks: number;
  /** Share of all zeros that lie in whole zero blocks, 0 to 1; null where there are no zeros. */
  readonly zerosInBlocks: number | null;
}

export const NM_PATTERNS = ['1:2', '2:4', '1:4', '4:8'] as const;
export type NmPattern = (typeof NM_PATTERNS)[number];
export const BLOCK_SHAPES = ['4x1', '1x4', '4x4', '16x16'] as const;
export type BlockShape = (typeof BLOCK_SHAPES)[number];

/** The quantiles that are reported: the smallest element such that at least this share of the finite elements is ≤ it. */
export const QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const;

/** What the values say. Plain data; everything here is small whatever the size of the tensor. */
export interface TensorStats {
  /** Zeros by the quantization where there is one (`q == zero point`, within 1e-3 of an integer), else exact zeros. */
  readonly zeros: number;
  readonly exactZeros: number;
  /** Finite |w| ≤ nearZeroRatio × absmax, exact zeros included. */
  readonly nearZeros: number;
  readonly nan: number;
  readonly inf: number;
  /** C-order index of the first NaN or Inf. */
  readonly firstNonFinite: number | null;
  /** Over the finite values; null where there are none. */
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  /** Population standard deviation. */
  readonly std: number | null;
  readonly absmax: number | null;
  /** Of the finite non-zero values: smallest |w|, mean, std. */
  readonly kept: {
    readonly count: number;
    readonly absmin: number | null;
    readonly std: number | null;
    readonly absMedian: number | null;
    readonly abs99: number | null;
  };
  /** Aligned with QUANTILES. null where there are no finite values. */
  readonly quantiles: readonly number[] | null;
  /** 256 equal bins over [min, max]; the last bin includes max. Exact zeros are counted apart as well. */
  readonly histogram: { readonly low: number; readonly high: number; readonly counts: readonly number[] } | null;
  /** Channels (slices of the output or input axes) that hold only zeros; null without such axes. */
  readonly deadOutputChannels: number | null;
  readonly deadInputChannels: number | null;
  /** The first 64 dead output channels, for messages. */
  readonly deadOutputs: readonly number[];
  readonly deadInputs: readonly number[];
  /** Only for prunable tensors of floating or quantized type. */
  readonly patterns: Partial<Record<NmPattern, readonly PatternAlongAxis[]>>;
  readonly blocks: Partial<Record<BlockShape, BlockSparsity>>;
  /** 128-bit digest of the logical values, hex: equal digests and shapes mean identical tensors. null when sampled. */
  readonly digest: string | null;
  readonly sizes: SizesAsStored;
  readonly obtained: Obtained;
}

/** Bytes that the tensor would take in other encodings. */
export interface SizesAsStored {
  readonly raw: number;
  /** zlib level 6 over the stored bytes. */
  readonly gzip: { readonly bytes: number; readonly obtained: Obtained } | null;
  /** Values of the stored width + 16- or 32-bit column indices (16 where columns ≤ 65 536) + 32-bit row pointers. */
  readonly csr: number;
  /** One bit an element + kept values. */
  readonly bitmask: number;
  /** Half of the values + 2 bits for each kept one; null where the tensor has no axis whose length divides by 4. */
  readonly packed24: { readonly bytes: number; readonly fits: number } | null;
}

/** Times of the product that a layer is, on this machine. */
export interface LayerTimes {
  /** Weights as rows × inner dimension, applied to so many columns. */
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** A convolution in groups is so many of these products, each with inputs of its own. Absent: one. */
  readonly groups?: number;
  /** How the dense time of a convolution in groups came about. */
  readonly denseBy?: DenseBy;
  /** `assumed`: the file has no graph that would tell to how many positions the layer is applied. */
  readonly columnsFrom: 'graph' | 'asked' | 'assumed';
  /** Rows, columns and groups that were timed; times are scaled to all. */
  readonly timed: { readonly rows: number; readonly columns: number; readonly groups?: number };
  /** Share of zeros among the weights that were timed. */
  readonly sparsity: number;
  readonly ways: readonly WayTiming[];
  /** What computed: `WASM SIMD, 1 thread`. */
  readonly engine: string;
  /** Channels were taken out of the layer: the first way is dense as it was, `channels-removed` is what is left of it. */
  readonly channelsGone?: true;
}

/** Head and, once scanned, stats (or the fault that kept them from being read). */
export interface TensorFacts {
  readonly head: TensorHead;
  readonly stats?: TensorStats;
  readonly fault?: Fault;
}

export interface FileTotals {
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
  /** null until every tensor with values was scanned. */
  readonly zeros: number | null;
  readonly sparsity: number | null;
  readonly prunableParameters: number;
  readonly prunableZeros: number | null;
  readonly prunableSparsity: number | null;
  /** Parameters, and prunable ones, whose values the file holds: zeros are a share of these. Fewer than all where a file is cut off. */
  readonly readableParameters: number;
  readonly readablePrunable: number;
  readonly scannedTensors: number;
}

/** Everything known of a checkpoint from its headers. Plain data. */
export interface FileHead {
  readonly path: string;
  readonly format: string;
  readonly formatLabel: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly findings: readonly Finding[];
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[];
  readonly tensors: readonly TensorHead[];
  readonly totals: FileTotals;
  readonly operators?: readonly OperatorCost[];
}
