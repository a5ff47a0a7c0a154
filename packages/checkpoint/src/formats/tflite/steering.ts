import type { Steering } from '../steering.js';

/** Inputs whose values decide the shapes of the outputs. Source: the kernels of TensorFlow Lite 2.21. */
const STEERED: Readonly<Record<string, readonly number[]>> = {
  ARG_MAX: [1],
  ARG_MIN: [1],
  BATCH_TO_SPACE_ND: [1, 2],
  BROADCAST_TO: [1],
  CONV_3D_TRANSPOSE: [0],
  EXPAND_DIMS: [1],
  FILL: [0],
  MEAN: [1],
  MIRROR_PAD: [1],
  ONE_HOT: [1],
  PAD: [1],
  PADV2: [1],
  RANGE: [0, 1, 2],
  REDUCE_ALL: [1],
  REDUCE_ANY: [1],
  REDUCE_MAX: [1],
  REDUCE_MIN: [1],
  REDUCE_PROD: [1],
  RESHAPE: [1],
  RESIZE_BILINEAR: [1],
  RESIZE_NEAREST_NEIGHBOR: [1],
  SLICE: [1, 2],
  SPACE_TO_BATCH_ND: [1, 2],
  SPLIT: [0],
  SPLIT_V: [1, 2],
  STRIDED_SLICE: [1, 2, 3],
  SUM: [1],
  TILE: [1],
  TOPK_V2: [1],
  TRANSPOSE: [1],
  TRANSPOSE_CONV: [0],
};

/** Operators that converters compute sizes with. */
const FOLDS: ReadonlySet<string> = new Set(
  'ADD CAST CONCATENATION DIV EXPAND_DIMS FLOOR_DIV GATHER MAXIMUM MINIMUM MUL PACK REDUCE_MAX REDUCE_MIN REDUCE_PROD RESHAPE SLICE SQUEEZE STRIDED_SLICE SUB SUM'.split(
    ' ',
  ),
);

export const STEERING: Steering = {
  inputs: ({ operator }) => (Object.hasOwn(STEERED, operator) ? STEERED[operator]! : []),
  folds: FOLDS,
};
