/** The plain data that messages carry, under one roof for those who know nothing but the messages. */
export type {
  BlockShape,
  BlockSparsity,
  FileHead,
  FileTotals,
  HeatmapTile,
  MatrixLayout,
  MatrixSize,
  NmPattern,
  Obtained,
  OperatorCost,
  PatternAlongAxis,
  QUANTILES,
  SizesAsStored,
  StructureDiff,
  TensorFacts,
  TensorHead,
  TensorStats,
  TileQuery,
  ValueDiff,
} from '@espalier/analysis';
export type { Finding, Role } from '@espalier/checkpoint';
