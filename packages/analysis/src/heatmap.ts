/**
 * How an N-D weight is drawn as a matrix.
 * `kernel`: row = output channel × kernel height, column = input channel × kernel width (each cell one kernel);
 * `channel`: the kernels of one output channel, 32 beside each other; `raw`: first axis × the rest, as stored.
 */
export type MatrixLayout = 'kernel' | 'channel' | 'raw';

/** The matrix of a layout: its size, and the size of one kernel in it (1×1 where there is none). */
export interface MatrixSize {
  readonly rows: number;
  readonly columns: number;
  readonly kernelRows: number;
  readonly kernelColumns: number;
}

/** A window of the matrix, reduced to at most `outRows` × `outColumns` tiles of equal size (the last may be smaller). */
export interface TileQuery {
  readonly layout: MatrixLayout;
  /** For `channel`: which output channel. */
  readonly channel?: number;
  readonly rowBegin: number;
  readonly rowEnd: number;
  readonly columnBegin: number;
  readonly columnEnd: number;
  /** Matrix rows and columns that one tile stands for, ≥ 1. */
  readonly step: number;
  /** Signed mean instead of mean of |w|. */
  readonly signed: boolean;
}

/** Pixels, not weights: what crosses the wire. */
export interface HeatmapTile {
  readonly rows: number;
  readonly columns: number;
  /**
   * Row-major, one byte a tile. Unsigned: 0 = no kept value, 1..255 = mean |w| over the kept and zero values of the block, linear in [0, high].
   * Signed: 128 + 127 · mean / high, with high = the scale's end. NaN or Inf in a block: see `nonFinite`.
   */
  readonly levels: Uint8Array;
  /** Share of exact zeros (by the quantization where there is one) in each tile, 0..255; 255 only if every value is zero, 0 only if none is. */
  readonly zeroShare: Uint8Array;
  /** Indices of tiles that hold a NaN or an Inf. */
  readonly nonFinite: readonly number[];
  /** Smallest kept |w| and the end of the scale (99th percentile of kept |w| of the tensor, or of the window where that is not known). */
  readonly low: number;
  readonly high: number;
}
