import type { Steering } from '../steering.js';

/** Inputs whose values decide the shapes of the outputs. Source: the shape functions in tensorflow/core/ops. */
const STEERED: Readonly<Record<string, readonly number[]>> = {
  All: [1],
  Any: [1],
  ArgMax: [1],
  ArgMin: [1],
  BatchToSpaceND: [1, 2],
  BroadcastTo: [1],
  ConcatV2: [-1],
  Conv2DBackpropInput: [0],
  Conv3DBackpropInputV2: [0],
  ExpandDims: [1],
  Fill: [0],
  GatherV2: [2],
  If: [0],
  Max: [1],
  Mean: [1],
  Min: [1],
  MirrorPad: [1],
  OneHot: [1],
  Pad: [1],
  PadV2: [1],
  Prod: [1],
  Range: [0, 1, 2],
  Reshape: [1],
  ResizeBicubic: [1],
  ResizeBilinear: [1],
  ResizeNearestNeighbor: [1],
  Slice: [1, 2],
  SpaceToBatchND: [1, 2],
  Split: [0],
  SplitV: [1, 2],
  StatelessIf: [0],
  StridedSlice: [1, 2, 3],
  Sum: [1],
  Tile: [1],
  TopKV2: [1],
  Transpose: [1],
};

/** Operators that sizes are computed with. */
const FOLDS: ReadonlySet<string> = new Set(
  (
    'Add AddV2 Cast ConcatV2 ExpandDims Fill FloorDiv GatherV2 Identity Max Maximum Min Minimum Mul Neg Pack Prod RealDiv Reshape Slice Squeeze ' +
    'StridedSlice Sub Sum'
  ).split(' '),
);

export const STEERING: Steering = {
  inputs: ({ operator }) => (Object.hasOwn(STEERED, operator) ? STEERED[operator]! : []),
  folds: FOLDS,
};
