export type { StructureDiff, ValueDiff } from './comparison.js';
export { type Calibration, calibrate, FEWEST_PRODUCTS, type TimedProduct } from './devices/calibrate.js';
export { type BoundBy, type EstimatedProduct, type EstimatedTime, estimateProduct } from './devices/estimate.js';
export type { DeviceProfile, DeviceType } from './devices/profile.js';
export { DEVICES, deviceNamed } from './devices/profiles.js';
export { type Digests, pairsOf, renameCandidates, structureDiff } from './diff/structureDiff.js';
export { valueDiff } from './diff/valueDiff.js';
export {
  BLOCK_SHAPES,
  type BlockShape,
  type BlockSparsity,
  type FileHead,
  type FileTotals,
  type LayerTimes,
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
export { findingsFrom } from './findings.js';
export { GZIP_FULL_BYTES, gzipSize, gzipSizeOfAll, gzipSizeOfWindows, type Windowed } from './gzip.js';
export { type CompareTile, compareTile } from './heatmap/compareTile.js';
export { indexOfCell, KERNELS_PER_ROW, matrixSize } from './heatmap/layout.js';
export { heatmapTile } from './heatmap/tile.js';
export { MAX_WINDOW_CELLS, valuesInWindow, type WindowValues } from './heatmap/windowValues.js';
export type { HeatmapTile, MatrixLayout, MatrixSize, TileQuery } from './heatmap.js';
export {
  answerMagnitudes,
  beginSelection,
  emptyCounts,
  type KthMagnitude,
  kthMagnitude,
  type MagnitudeQuestion,
  type MagnitudeSelection,
} from './kthMagnitude.js';
export { fittingPart, type LayerProduct, type ProductPart } from './latency/layerProduct.js';
export { type DenseBy, measureGroups } from './latency/measureGroups.js';
export { measureLayer, WAYS, type Way, type WayTiming } from './latency/measureLayer.js';
export { type RaceOptions, raceTimings, type Timing } from './latency/race.js';
export { answerQuestion } from './stats/answer.js';
export { NEAR_ZERO_RATIO, type StatsOptions } from './stats/options.js';
export type { ElementRange, ScanAnswer, ScanQuestion } from './stats/question.js';
export { beginScan, type TensorScan } from './stats/scan.js';
export { tensorStats } from './stats/tensorStats.js';
export { zerosOf } from './stats/zerosOf.js';
export { totals } from './totals.js';
