export {
  BLOCK_SHAPES,
  type BlockShape,
  type BlockSparsity,
  type FileHead,
  type FileTotals,
  NM_PATTERNS,
  type NmPattern,
  type Obtained,
  type OperatorCost,
  type PatternAlongAxis,
  QUANTILES,
  type SizesAsStored,
  type TensorFacts,
  type TensorHead,
  type TensorStats,
} from './facts.js';
export type { HeatmapTile, MatrixLayout, MatrixSize, TileQuery } from './heatmap.js';
export type { StructureDiff, ValueDiff } from './comparison.js';
